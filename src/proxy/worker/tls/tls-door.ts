import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { SecureContext, Server, TLSSocket } from 'node:tls';
import type { CertificatePair } from '../../messages.ts';
import type { Client, ClientContext } from '../client.ts';
import { ClientConnection } from '../client-connection.ts';
import { Http2Connection } from '../http2/http2-connection.ts';
import { peerAddressOf } from '../peer-address.ts';
import { CertificateChoice } from './certificate-choice.ts';

/** A client that has not said what it speaks by then holds a place for nothing. */
const handshakeMs = 10_000;

/** A handshake counts as a client, or the worker could end in the middle of it. */
interface Handshake {
  readonly opened: (client: Client) => void;
  readonly client: Client;
}

/** Where connections to one https listener become HTTP/1.1 or HTTP/2 clients. */
export class TlsDoor {
  readonly #listener: string;
  readonly #context: ClientContext;
  readonly #server: Server;
  readonly #choice: CertificateChoice;
  #ticketKey: Buffer | undefined;
  /** Those of one listener are alike: which of them ends does not matter. */
  readonly #handshakes: Handshake[] = [];

  constructor(listener: string, context: ClientContext, issue: (name: string) => Promise<CertificatePair | undefined>) {
    this.#listener = listener;
    this.#context = context;
    this.#choice = new CertificateChoice(issue);
    this.#server = createServer({
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: handshakeMs,
      // A session belongs to the listener it was begun at, and to no one process.
      sessionIdContext: createHash('sha256').update(listener).digest('hex').slice(0, 32),
      SNICallback: (name, done) => void this.#choose(name, done),
    });
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const [reason, client] = [error.code ?? 'handshake failed', peerAddressOf(socket)];
      context.ledger.refuse({ outcome: 'tls-failed', status: 0, reason, client });
      this.#handshakeOver();
    });
  }

  /** Sessions begun with any worker go on with any other, as long as they all have the same key. */
  useTicketKey(key: Buffer): void {
    this.#ticketKey = key;
    this.#server.setTicketKeys(key);
  }

  use(certificates: readonly CertificatePair[], hasAuthority: boolean): void {
    const first = this.#choice.use(certificates, hasAuthority);
    if (first !== undefined) this.#server.setSecureContext(first);
    // What it has now knows of none.
    if (this.#ticketKey !== undefined) this.#server.setTicketKeys(this.#ticketKey);
  }

  accept(socket: Socket, opened: (client: Client) => void): void {
    const client: Client = { isOpaque: false, retire: () => undefined, yieldRoom: () => false };
    this.#handshakes.push({ opened, client });
    opened(client);
    this.#server.emit('connection', socket);
  }

  async #choose(name: string, done: (error: Error | null, context?: SecureContext) => void): Promise<void> {
    try {
      done(null, await this.#choice.contextFor(name));
    } catch (error) {
      done(error as Error);
    }
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#handshakes.shift();
    if (handshake === undefined) {
      socket.destroy();
      return;
    }
    const client = this.#clientOn(socket);
    handshake.opened(client);
    this.#context.closed(handshake.client);
  }

  #clientOn(socket: TLSSocket): Client {
    if (socket.alpnProtocol === 'h2') return new Http2Connection(socket, this.#listener, this.#context);
    return new ClientConnection(socket, this.#listener, this.#context);
  }

  #handshakeOver(): void {
    const handshake = this.#handshakes.shift();
    if (handshake !== undefined) this.#context.closed(handshake.client);
  }
}
