import type { RequestHead } from '../codec/request-head.ts';
import { saidBy } from '../codec/request-head.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Latest } from './latest.ts';

/** What the proxy says of the client, beside what it lets a believed peer say; and the empty line behind. */
export const forwardedFields = (
  { host, said }: Pick<RequestHead, 'host' | 'said'>,
  { peerAddress, scheme }: Pick<ExchangeClient, 'peerAddress' | 'scheme'>,
  requestId: string,
  startedAt: number,
): string =>
  said === 0
    ? peers.fields(host, peerAddress, scheme) + requestId + times.of(startedAt)
    : besides(said, { host, peerAddress, scheme, requestId, startedAt });

/** A further X-Forwarded-For line lengthens the list by the peer itself; of the others one is enough. */
const besides = (
  said: number,
  own: { host: string; peerAddress: string; scheme: string; requestId: string; startedAt: number },
): string => {
  const unless = (part: number, field: string): string => ((said & part) === 0 ? `${field}\r\n` : '');
  return (
    `X-Forwarded-For: ${own.peerAddress}\r\n` +
    unless(saidBy.proto, `X-Forwarded-Proto: ${own.scheme}`) +
    unless(saidBy.host, `X-Forwarded-Host: ${own.host}`) +
    unless(saidBy.requestId, `X-Request-ID: ${own.requestId}`) +
    unless(saidBy.requestStart, `X-Request-Start: ${own.startedAt}`) +
    '\r\n'
  );
};

/** One client mostly asks for one host many times in a row: the text is kept until that changes. */
class Peers {
  #host = '';
  #address = '';
  #scheme = '';
  #fields = '';

  fields(host: string, address: string, scheme: string): string {
    if (host !== this.#host || address !== this.#address || scheme !== this.#scheme) {
      this.#host = host;
      this.#address = address;
      this.#scheme = scheme;
      const forwarded = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: ${host}\r\n`;
      this.#fields = `${forwarded}X-Request-ID: `;
    }
    return this.#fields;
  }
}

const peers = new Peers();

/** One millisecond sees many requests. */
const times = new Latest((at: number) => `\r\nX-Request-Start: ${at}\r\n\r\n`);
