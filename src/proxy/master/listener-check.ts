import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import type { HttpsListener, Listener, Route } from '../../model/index.ts';
import { routeKey } from '../../protocol/index.ts';
import { duplicate, first, isPort, limitsFault } from './faults.ts';

/** Why one of the table's listeners can't be, as far as that can be told without opening anything. */
export const listenerFault = (listener: Listener, pools: ReadonlySet<string>): string | undefined => {
  const where = `listener ${listener.id}`;
  const address = listener.address.replace(/^\[|\]$/g, '');
  if (typeof listener.id !== 'string' || isIP(address) === 0) return `${where}: bad address ${listener.address}`;
  if (!isPort(listener.port, 0)) return `${where}: bad port ${listener.port}`;
  const limit = limitsFault(listener.limits);
  if (limit !== undefined) return `${where}: ${limit}`;
  switch (listener.kind) {
    case 'http':
      return routesFault(listener.routes, pools, where);
    case 'https':
      return routesFault(listener.routes, pools, where) ?? certificatesFault(listener, where);
    case 'redirect':
      return isPort(listener.toPort, 1) ? undefined : `${where}: bad port to redirect to: ${listener.toPort}`;
    case 'tcp':
      if (!pools.has(listener.pool)) return `${where}: unknown pool ${listener.pool}`;
      return listener.upstreamPort === undefined || isPort(listener.upstreamPort, 1)
        ? undefined
        : `${where}: bad port of upstreams ${listener.upstreamPort}`;
    default:
      return `${where}: unknown kind ${(listener as Listener).kind}`;
  }
};

const routesFault = (routes: readonly Route[], pools: ReadonlySet<string>, listener: string): string | undefined => {
  if (!Array.isArray(routes)) return `${listener}: routes are missing`;
  const isPool = (id: string): boolean => pools.has(id);
  return (
    first(routes, (route) => routeFault(route, isPool, listener)) ?? duplicate(routes, routeKey, `route of ${listener}`)
  );
};

export const routeFault = (route: Route, isPool: (id: string) => boolean, listener: string): string | undefined => {
  const where = `${listener}, route ${route.host}${route.pathPrefix}`;
  if (!/^(?:\*|(?:\*\.)?[\w.-]+|\[[0-9a-f:.]+\])$/i.test(route.host)) return `${where}: bad host`;
  // It goes into cookies, so it must not be able to end one.
  if (!/^\/[\x21-\x3a\x3c-\x7e]*$/.test(route.pathPrefix)) return `${where}: bad path prefix`;
  if (route.revision !== undefined && !Number.isSafeInteger(route.revision)) return `${where}: bad revision`;
  return isPool(route.pool) ? undefined : `${where}: unknown pool ${route.pool}`;
};

const certificatesFault = ({ certificates, authority }: HttpsListener, where: string): string | undefined => {
  if (!Array.isArray(certificates)) return `${where}: certificates are missing`;
  if (certificates.length === 0 && authority === undefined) return `${where}: neither certificates nor an authority`;
  return first(
    [...certificates.flatMap(({ cert, key }) => [cert, key]), ...(authority === undefined ? [] : [authority])],
    (path) => (typeof path === 'string' && isAbsolute(path) ? undefined : `${where}: ${path} is no absolute path`),
  );
};
