import { isIP, isIPv4 } from 'node:net';
import { isAbsolute } from 'node:path';
import type { EdgeAnswer, Listener, NameZone, Pool, ProxyReports, RouteTable } from '../../model/index.ts';
import { zoneKey } from '../../protocol/index.ts';
import type { NameRecord } from '../../protocol/index.ts';
import { duplicate, first, isAtLeast, isPort, limitsFault } from './faults.ts';
import { listenerFault } from './listener-check.ts';
import { divisionFault } from './split-check.ts';

/** Why this can't be a table, or undefined when it can. The whole table is looked at before anything of it is used. */
export const tableFault = (value: unknown): string | undefined => {
  if (!hasShape(value)) return 'not a route table: generation, listeners, pools, names and unknownHost are needed';
  try {
    return faultOf(value);
  } catch (error) {
    // Some part is missing or of another type than the checks take for granted.
    return `not a route table: ${(error as Error).message}`;
  }
};

const faultOf = (table: RouteTable): string | undefined => {
  const pools = new Set(table.pools.map((pool) => pool.id));
  return (
    duplicate(table.listeners, (listener) => listener.id, 'listener') ??
    duplicate(table.listeners.filter(hasFixedPort), (listener) => `${listener.address}:${listener.port}`, 'address') ??
    duplicate(table.pools, (pool) => pool.id, 'pool') ??
    duplicate(table.names, zoneKey, 'name server address') ??
    first(table.listeners, (listener) => listenerFault(listener, pools)) ??
    first(table.pools, poolFault) ??
    first(table.names, zoneFault) ??
    trustedPeersFault(table.trustedPeers ?? []) ??
    answerFault(table.unknownHost, 'unknownHost') ??
    reportsFault(table.reports ?? {})
  );
};

const hasShape = (value: unknown): value is RouteTable => {
  if (typeof value !== 'object' || value === null) return false;
  const { generation, listeners, pools, names, unknownHost } = value as Partial<Record<keyof RouteTable, unknown>>;
  const lists = Array.isArray(listeners) && Array.isArray(pools) && Array.isArray(names);
  return Number.isSafeInteger(generation) && lists && typeof unknownHost === 'object' && unknownHost !== null;
};

export const trustedPeersFault = (cidrs: readonly string[]): string | undefined =>
  first(cidrs, (cidr) => (isCidr(cidr) ? undefined : `trusted peer ${cidr} is no CIDR`));

const isCidr = (text: string): boolean => {
  const [network = '', bits = ''] = text.split('/');
  return isIP(network) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(network) ? 32 : 128);
};

const hasFixedPort = (listener: Listener): boolean => listener.port !== 0;

export const poolFault = (pool: Pool): string | undefined => {
  const { edge } = pool;
  const where = `pool ${pool.id}`;
  if (!Array.isArray(pool.upstreams)) return `${where}: upstreams are missing`;
  if (typeof edge?.dial !== 'object' || typeof edge.hold !== 'object') return `${where}: edge policy is missing`;
  if (!['random', 'round-robin', 'least-requests'].includes(edge.balance))
    return `${where}: unknown balance ${edge.balance}`;
  if (!isAtLeast(edge.dial.attempts, 1) || !isAtLeast(edge.dial.timeoutMs, 1))
    return `${where}: bad dial attempts or timeout`;
  if (edge.repeat !== undefined && !['kept', 'any'].includes(edge.repeat))
    return `${where}: unknown repeat ${edge.repeat}`;
  if (!isAtLeast(edge.hold.seconds, 0) || !isAtLeast(edge.hold.maxRequests, 0)) return `${where}: bad hold`;
  const limit = limitsFault(edge.limits);
  if (limit !== undefined) return `${where}: ${limit}`;
  return (
    duplicate(pool.upstreams, (upstream) => upstream.id, `upstream in ${where}`) ??
    first(pool.upstreams, ({ id, address }) =>
      typeof id === 'string' && typeof address?.host === 'string' && address.host !== '' && isPort(address.port, 1)
        ? undefined
        : `${where}, upstream ${id}: bad address ${address?.host}:${address?.port}`,
    ) ??
    divisionFault(pool) ??
    answerFault(edge.noUpstream, where)
  );
};

const reportsFault = ({ metrics, accessLog }: ProxyReports): string | undefined => {
  if (metrics !== undefined && (typeof metrics.host !== 'string' || !isPort(metrics.port, 1)))
    return `metrics: bad address ${metrics.host}:${metrics.port}`;
  const isPath =
    accessLog === undefined || accessLog === '-' || (typeof accessLog === 'string' && isAbsolute(accessLog));
  return isPath ? undefined : `access log: ${accessLog} is no absolute path`;
};

/** An answer of our own must not be able to break the framing of a response. */
export const answerFault = (answer: EdgeAnswer, where: string): string | undefined => {
  const { status, headers, body } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599) return `${where}: bad status ${status}`;
  if (typeof body !== 'string' || typeof headers !== 'object') return `${where}: answer without body or headers`;
  return first(Object.entries(headers), ([name, value]) => {
    const isFraming = /^(?:content-length|transfer-encoding|connection|upgrade|trailer|keep-alive)$/i.test(name);
    const isClean = /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
    return isFraming || !isClean ? `${where}: header ${JSON.stringify(name)} can't be set` : undefined;
  });
};

const zoneFault = (zone: NameZone): string | undefined => {
  const where = `names at ${zone.bind?.host}:${zone.bind?.port}`;
  if (!isIPv4(zone.bind.host) || !isPort(zone.bind.port, 1)) return `${where}: bad address`;
  const [network = '', bits = ''] = zone.subnet.split('/');
  if (!isIPv4(network) || !/^\d+$/.test(bits) || Number(bits) > 32) return `${where}: bad subnet ${zone.subnet}`;
  return recordsFault(Object.entries(zone.records ?? {}), where);
};

export const recordsFault = (records: readonly NameRecord[], where: string): string | undefined =>
  first(records, ([name, addresses]) =>
    Array.isArray(addresses) && addresses.every((address) => isIPv4(String(address)))
      ? undefined
      : `${where}: ${name} has an address that is not IPv4`,
  );
