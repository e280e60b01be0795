import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

const fenceWord = 'FENCE\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n';

/** Two versions of an application that are switched back and forth, and that know themselves when they are out. */
export class Versions {
  readonly list: readonly [Version, Version];
  #waiting: { readonly total: number; readonly resolve: () => void } | undefined;

  private constructor() {
    this.list = [new Version(() => this.#served()), new Version(() => this.#served())];
  }

  static async start(): Promise<Versions> {
    const versions = new Versions();
    for (const version of versions.list) await version.listen();
    return versions;
  }

  get requests(): number {
    return this.list[0].requests + this.list[1].requests;
  }

  /** Requests that reached a version after the word that it was out. */
  get late(): number {
    return this.list[0].late + this.list[1].late;
  }

  /** How long after that word the latest one came. */
  get latestMs(): number {
    return Math.max(this.list[0].latestMs, this.list[1].latestMs);
  }

  /** Resolves when so many more requests have come, or the signal fires. */
  served(more: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { total: this.requests + more, resolve };
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  close(): void {
    for (const version of this.list) version.close();
  }

  #served(): void {
    if (this.#waiting === undefined || this.requests < this.#waiting.total) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}

class Version {
  requests = 0;
  late = 0;
  latestMs = 0;
  #outAt: number | undefined;
  #fencePassed: () => void = () => undefined;
  readonly #served: () => void;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer({ noDelay: true }, (socket) => this.#serve(socket));

  constructor(served: () => void) {
    this.#served = served;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * From now on no request may come; resolves when that holds. What was sent before this call may still lie in the kernel,
   * a connection that was not accepted yet included: a connection of our own comes behind all of them.
   */
  async takeOut(): Promise<void> {
    const passed = new Promise<void>((resolve) => {
      this.#fencePassed = resolve;
    });
    const fence = connect({ port: this.port, host: '127.0.0.1' }, () => fence.end(fenceWord));
    fence.on('error', () => this.#fencePassed());
    await passed;
    for (let count = 0; count < 3; count += 1) await turn();
    this.#outAt = performance.now();
  }

  takeIn(): void {
    this.#outAt = undefined;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #countLate(outAt: number): void {
    this.late += 1;
    this.latestMs = Math.max(this.latestMs, performance.now() - outAt);
  }

  #serve(socket: Socket): void {
    let pending = '';
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (text: string) => {
      pending += text;
      for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
        if (pending.startsWith(fenceWord)) {
          this.#fencePassed();
          return;
        }
        pending = pending.slice(end + 4);
        this.requests += 1;
        if (this.#outAt !== undefined) this.#countLate(this.#outAt);
        socket.write(answer);
        this.#served();
      }
    });
  }
}
