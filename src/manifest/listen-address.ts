import type { Address } from '../model/index.ts';

/** As the schema let it pass: a port of this machine, or an address and a port. */
export const listenAddress = (written: number | string): Address => {
  if (typeof written === 'number') return { host: '127.0.0.1', port: written };
  const colon = written.lastIndexOf(':');
  return { host: written.slice(0, colon), port: Number(written.slice(colon + 1)) };
};
