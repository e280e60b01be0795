import type { Listener } from '../../model/index.ts';
import type { ListenerAddress } from '../../protocol/index.ts';
import { openSocket, socketKey } from './listening-sockets.ts';
import type { OpenSocket } from './listening-sockets.ts';
import type { Order } from './worker-process.ts';
import type { Workers } from './workers.ts';

/** What opening new listeners would change; nothing serves on them before `keep`. */
export interface DoorChange {
  readonly opened: readonly OpenSocket[];
  readonly kept: readonly OpenSocket[];
}

/** The open listening sockets, by the listener of the table each stands for. */
export class Doors {
  readonly #workers: Workers;
  #open: readonly OpenSocket[] = [];
  /** Opened, but no table serves on them yet. */
  readonly #opening = new Set<OpenSocket>();

  constructor(workers: Workers) {
    this.#workers = workers;
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#open.map(({ id, address, port }) => ({ id, address, port }));
  }

  /** What a new worker needs, also for a table that is on its way. */
  get orders(): readonly Order[] {
    return [...this.#open, ...this.#opening].map(listenOrder);
  }

  /** Opens what is not open yet, all or nothing; throws the system's error. */
  async prepare(listeners: readonly Listener[]): Promise<DoorChange> {
    const opened: OpenSocket[] = [];
    const kept: OpenSocket[] = [];
    try {
      for (const listener of listeners) {
        const known = this.#open.find((socket) => isSame(socket, listener));
        if (known === undefined) opened.push(await this.#listen(openSocket(listener)));
        else kept.push({ ...known, id: listener.id });
      }
    } catch (error) {
      await this.abandon({ opened, kept });
      throw error;
    }
    return { opened, kept };
  }

  /** These are the doors now: a worker that starts from here on gets them. */
  take(change: DoorChange): readonly OpenSocket[] {
    const before = this.#open;
    this.#open = [...change.kept, ...change.opened];
    for (const socket of change.opened) this.#opening.delete(socket);
    const remaining = new Set(this.#open.map(socketKey));
    return before.filter((socket) => !remaining.has(socketKey(socket)));
  }

  async abandon(change: DoorChange): Promise<void> {
    await this.close(change.opened);
  }

  /** Connections that came in by them finish their request. */
  async close(sockets: readonly OpenSocket[]): Promise<void> {
    for (const socket of sockets) {
      this.#opening.delete(socket);
      await this.#workers.callAll({ call: { kind: 'unlisten', socket: socketKey(socket) } });
      socket.handle.close();
    }
  }

  closeHandles(): void {
    for (const socket of [...this.#open, ...this.#opening]) socket.handle.close();
    this.#open = [];
    this.#opening.clear();
  }

  async #listen(socket: OpenSocket): Promise<OpenSocket> {
    this.#opening.add(socket);
    for (const { result } of await this.#workers.callAll(listenOrder(socket))) {
      if (result.kind !== 'failed') continue;
      await this.close([socket]);
      throw Object.assign(new Error(`${result.message} at ${socketKey(socket)}`), { code: result.code });
    }
    return socket;
  }
}

/** Port 0 leaves the choice to us, and it was made. */
const isSame = (socket: OpenSocket, listener: Listener): boolean =>
  socket.id === listener.id &&
  socket.address === listener.address &&
  (socket.port === listener.port || listener.port === 0);

const listenOrder = (socket: OpenSocket): Order => ({
  call: { kind: 'listen', listener: socket.id, socket: socketKey(socket) },
  handle: socket.handle,
});
