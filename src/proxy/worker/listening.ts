import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SocketKey } from '../messages.ts';

/** Holds a connection until the table that knows its listener has come. */
type Accept = (socket: Socket, listener: string, key: SocketKey) => void;

interface Listening {
  readonly key: SocketKey;
  readonly listener: string;
  readonly server: Server;
  readonly parked: Socket[];
  isServing: boolean;
}

/** The worker's ends of the master's listening sockets. */
export class ListeningSockets {
  readonly #accept: Accept;
  readonly #listening = new Map<SocketKey, Listening>();

  constructor(accept: Accept) {
    this.#accept = accept;
  }

  /** Begins to accept on the master's socket. Fails when somebody else began to listen on the same port meanwhile. */
  listen(listener: string, key: SocketKey, handle: unknown): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const listening: Listening = { key, listener, server, parked: [], isServing: false };
    server.on('connection', (socket) => this.#connected(listening, socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(handle as object, () => {
        server.off('error', reject);
        // Out of file descriptors, say: this connection is lost, the listener is not.
        server.on('error', (error) => console.error(`listener ${listener}: ${error.message}`));
        this.#listening.set(key, listening);
        resolve();
      });
    });
  }

  /** A table has come: every listener that it knows serves what waits on it. */
  serve(listeners: ReadonlySet<string>): void {
    for (const listening of this.#listening.values()) {
      if (!listeners.has(listening.listener)) continue;
      listening.isServing = true;
      for (const socket of listening.parked.splice(0)) this.#open(socket, listening);
    }
  }

  close(key: SocketKey): void {
    const listening = this.#listening.get(key);
    this.#listening.delete(key);
    listening?.server.close();
    for (const socket of listening?.parked ?? []) socket.destroy();
  }

  closeAll(): void {
    for (const key of this.#listening.keys()) this.close(key);
  }

  #connected(listening: Listening, socket: Socket): void {
    if (listening.isServing) this.#open(socket, listening);
    else listening.parked.push(socket);
  }

  #open(socket: Socket, { listener, key }: Listening): void {
    this.#accept(socket, listener, key);
  }
}
