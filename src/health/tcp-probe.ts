import { connect } from 'node:net';
import type { Address } from '../model/index.ts';
import { connectionWords } from './connection-words.ts';
import type { Look } from './port.ts';

/** Whether something accepts connections. */
export const lookByTcp = (address: Address, signal: AbortSignal): Promise<Look> =>
  new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port, signal });
    socket.once('connect', () => {
      resolve({ ok: true, words: `${address.host}:${address.port} accepts connections` });
      socket.destroy();
    });
    socket.once('error', (error) => resolve({ ok: false, words: connectionWords(error, address) }));
  });
