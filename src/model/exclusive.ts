import type { HostPort, ServiceSpec } from './spec.ts';

/** It has what only one replica can have at a time, of whichever version: a volume to write to, a port of the machine. */
export const isExclusive = ({ volumes, hostPorts = [] }: Pick<ServiceSpec, 'volumes' | 'hostPorts'>): boolean =>
  volumes.length > 0 || hostPorts.length > 0;

/** `5353/udp`; with its address where that is not the loopback's. */
export const hostPortWords = ({ listen, protocol }: Pick<HostPort, 'listen' | 'protocol'>): string =>
  `${listen.host === '127.0.0.1' ? '' : `${listen.host}:`}${listen.port}/${protocol}`;
