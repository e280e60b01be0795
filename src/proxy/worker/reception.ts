import type { Socket } from 'node:net';
import type { CertificatePair } from '../messages.ts';
import type { Client, ClientContext } from './client.ts';
import { ClientConnection } from './client-connection.ts';
import { TcpConnection } from './tcp/tcp-connection.ts';
import type { TlsDoor } from './tls/tls-door.ts';

/** Asks the master for a certificate; undefined: nobody vouches for that name. */
type Issue = (listener: string, name: string) => Promise<CertificatePair | undefined>;

/** Makes of an accepted socket what its listener is for in the table that serves. */
export class Reception {
  readonly #context: ClientContext;
  readonly #issue: Issue;
  readonly #tlsDoors = new Map<string, Promise<TlsDoor>>();
  #ticketKey: Buffer | undefined;

  constructor(context: ClientContext, issue: Issue) {
    this.#context = context;
    this.#issue = issue;
  }

  /** What a listener serves https with from now on; connections that are open keep what they have. */
  async useCertificates(
    listener: string,
    certificates: readonly CertificatePair[],
    hasAuthority: boolean,
  ): Promise<void> {
    const known = this.#tlsDoors.get(listener) ?? this.#openDoor(listener);
    this.#tlsDoors.set(listener, known);
    (await known).use(certificates, hasAuthority);
  }

  /** Sessions of clients that come again are read with it, whichever worker began them. */
  async useTicketKey(key: Buffer): Promise<void> {
    this.#ticketKey = key;
    for (const door of this.#tlsDoors.values()) (await door).useTicketKey(key);
  }

  /** `opened` gets every client that comes of it, at once or once it has shown what it speaks. */
  accept(socket: Socket, listener: string, opened: (client: Client) => void): void {
    const context = this.#context;
    switch (context.switchboard.kindOf(listener)) {
      case 'http':
      case 'redirect': {
        const client = new ClientConnection(socket, listener, context);
        opened(client);
        client.resume();
        return;
      }
      case 'tcp': {
        const client = new TcpConnection(socket, listener, context);
        opened(client);
        client.start();
        return;
      }
      case 'https':
        void this.#acceptTls(socket, listener, opened);
        return;
      case undefined:
        socket.destroy(); // its listener has just left the table
    }
  }

  /** A worker without https does not carry the weight of TLS and HTTP/2. */
  async #openDoor(listener: string): Promise<TlsDoor> {
    const { TlsDoor } = await import('./tls/tls-door.ts');
    const door = new TlsDoor(listener, this.#context, (name) => this.#issue(listener, name));
    if (this.#ticketKey !== undefined) door.useTicketKey(this.#ticketKey);
    return door;
  }

  async #acceptTls(socket: Socket, listener: string, opened: (client: Client) => void): Promise<void> {
    const door = await this.#tlsDoors.get(listener);
    if (door === undefined) socket.destroy();
    else door.accept(socket, opened);
  }
}
