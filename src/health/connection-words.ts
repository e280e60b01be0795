import type { Address } from '../model/index.ts';

/** A failed connection in words that say what to check. */
export const connectionWords = (error: NodeJS.ErrnoException, address: Address): string => {
  const where = `${address.host}:${address.port}`;
  switch (error.code) {
    case 'ECONNREFUSED':
      return `connection refused on ${where} (is it listening on 0.0.0.0 and on PORT?)`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${where} closed the connection without an answer`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${where} can't be reached from here (${error.code})`;
    default:
      return `${where}: ${error.message}`;
  }
};
