import type { IncomingMessage } from 'node:http';
import { nodeHttp } from '../lib/index.ts';
import type { Address, HttpOk, Probe } from '../model/index.ts';
import { connectionWords } from './connection-words.ts';
import type { Look } from './port.ts';

type HttpProbe = Extract<Probe, { kind: 'http' }>;

/** An answer's body is of no interest, yet read so far and so long, for cutting it makes some apps log an error per probe. */
const bodyLimit = { bytes: 64 * 1024, milliseconds: 1000 };

/** One GET on a connection of its own; a redirect is an answer like any other. The status alone decides. */
export const lookByHttp = (address: Address, probe: HttpProbe, signal: AbortSignal): Promise<Look> =>
  new Promise((resolve) => {
    const host = probe.host ?? `${address.host}:${address.port}`;
    const outgoing = nodeHttp().request({
      host: address.host,
      port: address.port,
      path: probe.path,
      headers: { host, 'user-agent': 'pointsman-health', accept: '*/*', connection: 'close' },
      agent: false,
      signal,
    });
    outgoing.once('response', (response) => {
      resolve(judge(probe, response));
      discard(response);
    });
    // Stays for errors that come after the answer, which no longer matter.
    outgoing.on('error', (error) => resolve({ ok: false, words: connectionWords(error, address) }));
    outgoing.end();
  });

const judge = (probe: HttpProbe, response: IncomingMessage): Look => {
  const status = response.statusCode ?? 0;
  const ok = isOk(probe.ok, status);
  const location = response.headers.location;
  const redirect = !ok && status >= 300 && status < 400 && location !== undefined ? ` (redirect to ${location})` : '';
  const wanted = ok ? '' : `, wanted ${probe.ok}`;
  return { ok, words: `GET ${probe.path} answered ${status}${redirect}${wanted}` };
};

const isOk = (wanted: HttpOk, status: number): boolean => {
  switch (wanted) {
    case '200':
      return status === 200;
    case '2xx':
      return status >= 200 && status < 300;
    case '2xx-3xx':
      return status >= 200 && status < 400;
  }
};

const discard = (response: IncomingMessage): void => {
  const received = { bytes: 0 };
  const timer = setTimeout(() => response.destroy(), bodyLimit.milliseconds);
  timer.unref();
  response.on('error', () => response.destroy());
  response.on('close', () => clearTimeout(timer));
  response.on('data', (chunk: Buffer) => {
    received.bytes += chunk.length;
    if (received.bytes > bodyLimit.bytes) response.destroy();
  });
};
