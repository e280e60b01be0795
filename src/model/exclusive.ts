import type { Address } from './replica.ts';
import type { HostPort, ServiceSpec } from './spec.ts';

/** It has what only one replica can have at a time, of whichever version: a volume to write to, a port of the machine. */
export const isExclusive = ({ volumes, hostPorts = [] }: Pick<ServiceSpec, 'volumes' | 'hostPorts'>): boolean =>
  volumes.length > 0 || hostPorts.length > 0;

/** `5353/udp`; with its address where that is not the loopback's. */
export const hostPortWords = ({ listen, protocol }: Pick<HostPort, 'listen' | 'protocol'>): string =>
  `${listen.host === '127.0.0.1' ? '' : `${listen.host}:`}${listen.port}/${protocol}`;

/** Who has one can't have the other, of the same protocol. */
export const isSamePort = (one: Address, other: Address): boolean =>
  one.port === other.port && (one.host === other.host || [one, other].some(({ host }) => anyAddress.has(host)));

const anyAddress = new Set(['0.0.0.0', '[::]']);
