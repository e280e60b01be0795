import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { isAbsolute } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { PointsmanError } from '../../model/index.ts';
import { askDocker, engineWords, httpStatus, tolerating } from './ask.ts';
import type { Ownership } from './labels.ts';
import { isOurs, ownerLabels } from './labels.ts';

export interface ScopeNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** The bridge is on this machine, so container addresses can be reached from here. Not so with Docker Desktop or a remote engine. */
  readonly isLocal: boolean;
  /** Port 53 of the gateway may be bound by this user, so the proxy can answer private names there. */
  readonly canServeNames: boolean;
}

/** The scope's own bridge network: found again by name, made with a subnet of its own (Docker's pools end after some thirty networks). */
export const prepareNetwork = async (
  docker: Docker,
  ownership: Ownership,
  signal: AbortSignal,
): Promise<ScopeNetwork> => {
  const name = networkName(ownership);
  const found = await inspectNetwork(docker, name, signal);
  const isLeftOver = found !== undefined && (await isAbandoned(found));
  if (isLeftOver) await removeUnused(docker, name, signal);
  const network = found === undefined || isLeftOver ? await createNetwork(docker, ownership, signal) : found;
  if (!isOurs(ownership, network.Labels)) throw foreignNetwork(name, network.Labels);
  const { Subnet: subnet, Gateway: gateway } = network.IPAM?.Config?.[0] ?? {};
  if (subnet === undefined || gateway === undefined) {
    throw new PointsmanError('ENGINE_FAILED', {
      message: `The network ${name} has no subnet or gateway.`,
      fix: `Remove it (docker network rm ${name}); it will be made anew.`,
    });
  }
  const isLocal = await canBind(gateway, 0);
  return { name, subnet, gateway, isLocal, canServeNames: isLocal && (await canBind(gateway, 53)) };
};

export const removeNetwork = async (docker: Docker, ownership: Ownership, signal: AbortSignal): Promise<void> => {
  const name = networkName(ownership);
  const found = await inspectNetwork(docker, name, signal);
  if (found === undefined || !isOurs(ownership, found.Labels)) return;
  try {
    await removeUnused(docker, name, signal);
  } catch (error) {
    const users = Object.values(found.Containers ?? {}).map((container) => container.Name);
    if (users.length === 0) throw error;
    throw new PointsmanError('ENGINE_FAILED', {
      message: `The network ${name} is still used by ${users.join(', ')}.`,
      fix: 'Remove or disconnect these containers and try again.',
      cause: error,
    });
  }
};

/** Waits between tries, milliseconds. */
const endpointWaits = [50, 100, 200, 400, 800, 1600, 3200];

/**
 * Docker counts a removed container's endpoint for a moment longer and tells nobody when that ends, so it is asked again.
 * Seldom it counts it until its own restart; then the network stays, and the next prepare finds it by its name.
 */
const removeUnused = async (docker: Docker, name: string, signal: AbortSignal): Promise<void> => {
  for (const wait of [...endpointWaits, undefined]) {
    try {
      await askDocker(`remove the network ${name}`, signal, (abortSignal) =>
        tolerating([404], docker.getNetwork(name).remove({ abortSignal })),
      );
      return;
    } catch (error) {
      if (!engineWords(error).includes('active endpoints')) throw error;
      const { Containers: users = {} } = (await inspectNetwork(docker, name, signal)) ?? {};
      if (Object.keys(users).length > 0) throw error;
      if (wait !== undefined) await delay(wait, undefined, { signal });
    }
  }
};

/** Its supervisor's state folder is gone and no container uses it: nobody will ever come back for it. */
const isAbandoned = async ({ Labels: labels, Containers: users }: Docker.NetworkInspectInfo): Promise<boolean> => {
  const owner = labels?.['pointsman.owner'];
  if (owner === undefined || !isAbsolute(owner) || Object.keys(users ?? {}).length > 0) return false;
  return !(await stat(owner).then(
    () => true,
    () => false,
  ));
};

const networkName = ({ project, environment }: Ownership): string => `pointsman-${project}-${environment}`;

const inspectNetwork = (
  docker: Docker,
  name: string,
  signal: AbortSignal,
): Promise<Docker.NetworkInspectInfo | undefined> =>
  askDocker(`inspect the network ${name}`, signal, () => tolerating([404], docker.getNetwork(name).inspect()));

const createNetwork = async (
  docker: Docker,
  ownership: Ownership,
  signal: AbortSignal,
): Promise<Docker.NetworkInspectInfo> => {
  const name = networkName(ownership);
  const what = `make the network ${name}`;
  const existing = await askDocker(what, signal, (abortSignal) => docker.listNetworks({ abortSignal }));
  const taken = [...existing.flatMap(subnetsOf), ...ownInterfaces()].map(rangeOf);
  for (const third of freeSubnets(name, taken)) {
    const config = { Subnet: `${third}.0/24`, Gateway: `${third}.1` };
    const options = { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: ownerLabels(ownership) };
    try {
      await askDocker(what, signal, (abortSignal) =>
        tolerating([409], docker.createNetwork({ ...options, IPAM: { Config: [config] }, abortSignal })),
      );
    } catch (error) {
      // Another supervisor was quicker: take the next one.
      if (httpStatus(error) === 403 || /overlap/i.test(engineWords(error))) continue;
      throw error;
    }
    const made = await inspectNetwork(docker, name, signal);
    if (made !== undefined) return made;
  }
  throw new PointsmanError('ENGINE_FAILED', {
    message: `No free subnet was found in 10.100.0.0/14 for the network ${name}.`,
    fix: 'Remove networks that are not used (`docker network ls`).',
  });
};

/** Candidates as `10.x.y`, beginning at a place that depends on the name, so that supervisors starting at once seldom meet. */
const freeSubnets = (name: string, taken: readonly Range[]): string[] => {
  const count = 4 * 256;
  const first = createHash('sha256').update(name).digest().readUInt16BE(0);
  return Array.from({ length: count }, (_, index) => (first + index) % count)
    .map((index) => `10.${100 + Math.floor(index / 256)}.${index % 256}`)
    .filter((prefix) => {
      const candidate = rangeOf(`${prefix}.0/24`);
      return taken.every((range) => range.last < candidate.first || candidate.last < range.first);
    });
};

interface Range {
  readonly first: number;
  readonly last: number;
}

const rangeOf = (cidr: string): Range => {
  const [address = '', bits = '32'] = cidr.split('/');
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
};

const subnetsOf = (network: Docker.NetworkInspectInfo): string[] =>
  (network.IPAM?.Config ?? []).flatMap(({ Subnet: subnet }) => (subnet?.includes('.') ? [subnet] : []));

const ownInterfaces = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, cidr }) => (family === 'IPv4' && cidr !== null ? [cidr] : []));

/** Asks the system instead of guessing from its name: an address can be bound where its interface is. Taken by someone counts as yes. */
const canBind = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code === 'EADDRINUSE');
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });

const foreignNetwork = (name: string, labels: Readonly<Record<string, string>> | undefined): PointsmanError =>
  new PointsmanError('ENGINE_FAILED', {
    message: `The network ${name} belongs to ${labels?.['pointsman.owner'] ?? 'something else'}, not to this supervisor.`,
    fix: 'Stop the other supervisor (`pointsman down` in its folder), or rename the project.',
  });
