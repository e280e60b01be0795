import type { Socket } from 'node:net';
import type { RouteTable } from '../../model/index.ts';
import type { TableChange } from '../../protocol/index.ts';
import type { FromWorker, SocketKey, ToWorker, WorkerResult } from '../messages.ts';
import type { Client, ClientContext } from './client.ts';
import { Clients } from './clients.ts';
import type { OpenClient } from './clients.ts';
import { ConnectionPlaces } from './connection-places.ts';
import { Draining } from './draining.ts';
import { Holding } from './holding.ts';
import { Ledger } from './ledger.ts';
import { ListeningSockets } from './listening.ts';
import { peerAddressOf } from './peer-address.ts';
import { Reception } from './reception.ts';
import { Sweeper } from './sweeper.ts';
import { Switchboard } from './switchboard.ts';
import { writeWaiting } from './turn-end.ts';
import type { Upstream } from './upstream.ts';
import { WantedCertificates } from './wanted-certificates.ts';

/** How a worker reaches its master. */
export interface WorkerChannel {
  /** `sent` is called once it has left the process. */
  send(message: FromWorker, sent?: () => void): void;
  /** The worker has nothing left to do. */
  finished(): void;
}

/** One process that forwards: accepts on the master's sockets, serves the table it was given last. */
export class Worker {
  readonly #channel: WorkerChannel;
  readonly #sweeper = new Sweeper();
  readonly #holding: Holding;
  readonly #switchboard: Switchboard;
  readonly #draining: Draining;
  readonly #ledger: Ledger;
  /** With the listener and the socket that each came in by. */
  readonly #clients: Clients;
  readonly #places: ConnectionPlaces;
  readonly #wanted: WantedCertificates;
  readonly #reception: Reception;
  readonly #listening: ListeningSockets;
  readonly #context: ClientContext;
  readonly #changed = new Set<Upstream>();
  #retiring = false;
  #saidThatItLingers = false;

  /** `workers`: how many there are, this one included. */
  constructor(channel: WorkerChannel, workers: number) {
    this.#channel = channel;
    this.#holding = new Holding(workers);
    this.#places = new ConnectionPlaces((wanted, left) => channel.send({ kind: 'places', wanted, left }));
    this.#clients = new Clients(this.#places);
    this.#switchboard = new Switchboard({
      sweeper: this.#sweeper,
      countChanged: (upstream) => this.#countChanged(upstream),
    });
    this.#draining = new Draining(this.#switchboard.upstreams);
    this.#ledger = new Ledger((load, taken) => channel.send({ kind: 'ledger', ...load }, taken));
    this.#listening = new ListeningSockets((socket, listener, key) => this.#accept(socket, listener, key));
    this.#context = {
      switchboard: this.#switchboard,
      holding: this.#holding,
      ledger: this.#ledger,
      sweeper: this.#sweeper,
      nextRequestId: requestIds(),
      makeRoom: () => void this.#clients.makeRoom(),
      closed: (client) => this.#clientClosed(client),
    };
    this.#wanted = new WantedCertificates((message) => channel.send(message));
    this.#reception = new Reception(this.#context, (listener, name) => this.#wanted.get(listener, name));
  }

  async receive(message: ToWorker, handle: unknown): Promise<void> {
    this.#channel.send({ kind: 'answer', call: message.call, result: await this.#carryOut(message, handle) });
  }

  async #carryOut(message: ToWorker, handle: unknown): Promise<WorkerResult> {
    switch (message.kind) {
      case 'listen':
        return await this.#listen(message.listener, message.socket, handle);
      case 'unlisten':
        return this.#unlisten(message.socket);
      case 'apply':
        return this.#apply(message.table);
      case 'change':
        return this.#change(message.change);
      case 'certificates':
        await this.#reception.useCertificates(message.listener, message.certificates, message.hasAuthority);
        return done;
      case 'issued':
        this.#wanted.answer(message.listener, message.name, message.certificate);
        return done;
      case 'ticket-key':
        await this.#reception.useTicketKey(Buffer.from(message.key, 'base64'));
        return done;
      case 'placed':
        this.#places.answered(message.granted, message.refused);
        this.#endWhenGone();
        return done;
      case 'drain':
        this.#draining.begin(message.order);
        return done;
      case 'cut':
        this.#draining.cut(message.upstream);
        return done;
      case 'in-flight':
        return { kind: 'done', counts: this.#switchboard.upstreams.inFlight() };
      case 'ledger':
        this.#ledger.enable(message.enabled, message.withClients);
        return done;
      case 'retire':
        this.#retire(message);
        return done;
    }
  }

  async #listen(listener: string, socket: SocketKey, handle: unknown): Promise<WorkerResult> {
    if (this.#retiring) return done; // what it would accept is for those that stay
    try {
      await this.#listening.listen(listener, socket, handle);
      return done;
    } catch (error) {
      const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
      return { kind: 'failed', code, message };
    }
  }

  #unlisten(socket: SocketKey): WorkerResult {
    this.#listening.close(socket);
    for (const [client, { key }] of this.#clients) if (key === socket) client.retire(true);
    return done;
  }

  /** From the moment this returns no new request can reach an upstream that the table does not name. */
  #apply(table: RouteTable): WorkerResult {
    writeWaiting(); // to upstreams that this table may drop
    const others = this.#switchboard.otherKinds(table);
    this.#switchboard.apply(table);
    if (others.size > 0)
      for (const [client, { listener }] of this.#clients) if (others.has(listener)) client.retire(true);
    this.#holding.retryAll();
    this.#listening.serve(new Set(table.listeners.map((listener) => listener.id)));
    return this.#switched();
  }

  /** The same for a table that differs from the one before in what the change says. */
  #change(change: TableChange): WorkerResult {
    if (change.base !== this.#switchboard.generation) return { kind: 'table-needed' };
    this.#switchboard.change(change);
    this.#holding.retryAll();
    return this.#switched();
  }

  /** Ahead of the answer, on the same channel: the master knows what is left when it knows that the table is live. */
  #switched(): WorkerResult {
    this.#reportChanged();
    return done;
  }

  #accept(socket: Socket, listener: string, key: SocketKey): void {
    this.#clients.arrive(socket, listener, this.#switchboard.limitsOf(listener), {
      admitted: (place) =>
        this.#reception.accept(socket, listener, (client) => this.#opened(client, { listener, key, place })),
      refused: (reason) => {
        this.#ledger.refuse({ outcome: 'turned-away', status: 0, reason, client: peerAddressOf(socket) });
        socket.destroy();
      },
    });
  }

  #opened(client: Client, entry: OpenClient): void {
    this.#clients.opened(client, entry);
    if (this.#retiring) client.retire(false);
  }

  #clientClosed(client: Client): void {
    this.#clients.closed(client);
    this.#endWhenGone();
  }

  /** Counts travel once per turn, however many requests ended in it. */
  #countChanged(upstream: Upstream): void {
    if (this.#changed.size === 0) setImmediate(() => this.#reportChanged());
    this.#changed.add(upstream);
  }

  #reportChanged(): void {
    if (this.#changed.size === 0) return;
    const all = this.#switchboard.upstreams.droppedInFlight();
    const counts: Record<string, number> = {};
    for (const upstream of this.#changed) {
      counts[upstream.id] = all[upstream.id] ?? 0;
      this.#switchboard.upstreams.forgetEmpty(upstream);
    }
    this.#changed.clear();
    this.#channel.send({ kind: 'counts', counts });
  }

  #retire({ withinMs, opaqueWithinMs, idleEnds }: Retirement): void {
    this.#retiring = true;
    this.#listening.closeAll();
    for (const [client] of this.#clients) client.retire(idleEnds);
    this.#draining.all({
      http: 'wait',
      sse: 'end-at-event',
      websocket: 'close-frame',
      timeoutSeconds: withinMs / 1_000,
    });
    setTimeout(() => this.#expire(), withinMs);
    setTimeout(() => this.#expireAll(), opaqueWithinMs);
    this.#endWhenGone();
  }

  /** What is left is cut and recorded, but for what may last; where nothing may, idle connections end with the process. */
  #expire(): void {
    this.#draining.cutAll({ andOpaque: false });
    if (this.#clients.opaque === 0) this.#end();
    for (const [client] of this.#clients) client.yieldRoom();
    this.#linger();
  }

  #expireAll(): void {
    this.#draining.cutAll({ andOpaque: true });
    this.#end();
  }

  #endWhenGone(): void {
    if (!this.#retiring) return;
    if (this.#clients.areGone) this.#end();
    else if (this.#clients.areAllOpaque) this.#linger();
  }

  #linger(): void {
    if (!this.#saidThatItLingers) this.#channel.send({ kind: 'lingers', connections: this.#clients.opaque });
    this.#saidThatItLingers = true;
  }

  #end(): void {
    writeWaiting();
    this.#ledger.flush();
    this.#channel.finished();
  }
}

type Retirement = Extract<ToWorker, { kind: 'retire' }>;

const done: WorkerResult = { kind: 'done' };

/** Unique across workers and restarts, cheap to make; no secret, so no node:crypto, which is a megabyte in each worker. */
const requestIds = (): (() => string) => {
  const prefix = hex(Math.floor(Math.random() * 2 ** 48), 12);
  const endings = Array.from({ length: 4_096 }, (_, number) => hex(number, 3));
  let count = 0;
  let beginning = '';
  return () => {
    const ending = count % endings.length;
    if (ending === 0) beginning = prefix + hex(Math.floor(count / endings.length), 5);
    count += 1;
    return `${beginning}${endings[ending]}`;
  };
};

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
