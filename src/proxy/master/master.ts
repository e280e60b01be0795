import { rm, writeFile } from 'node:fs/promises';
import type { ReplicaId } from '../../model/index.ts';
import type { FromProxy, ProxyFolder, ProxyHello, TableChange, ToProxy } from '../../protocol/index.ts';
import type { Counts } from '../messages.ts';
import { Certificates } from './certificates.ts';
import { ControlSocket, isAnswered } from './control-socket.ts';
import { Doors } from './doors.ts';
import { DrainCounts } from './drain-counts.ts';
import type { HeldTable } from './held-table.ts';
import { KeptTable } from './kept-table.ts';
import { NameServers } from './name-servers.ts';
import { OperatorSocket } from './operator-socket.ts';
import { Publisher } from './publisher.ts';
import { presentGauges } from './reports/metrics.ts';
import type { Gauge } from './reports/metrics.ts';
import { Reports } from './reports/reports.ts';
import type { StoredTable } from './table-file.ts';
import type { Order } from './worker-process.ts';
import { Workers } from './workers.ts';

export interface MasterOptions {
  /** What a worker is started with. */
  readonly program: string;
  readonly workers: number;
  /** undefined: no supervisor, nothing kept. */
  readonly folder: ProxyFolder | undefined;
  /** The process has nothing left to do. */
  readonly ended: () => void;
}

/** Milliseconds that requests get to finish when the proxy itself ends. */
const graceMs = 10_000;

/** Owns sockets, names, table and workers; forwards nothing itself. */
export class Master {
  readonly #options: MasterOptions;
  readonly #workers: Workers;
  readonly #doors: Doors;
  readonly #names = new NameServers();
  readonly #certificates: Certificates;
  readonly #publisher: Publisher;
  readonly #reports: Reports;
  readonly #counts: DrainCounts;
  readonly #kept: KeptTable | undefined;
  readonly #control: ControlSocket | undefined;
  readonly #operator: OperatorSocket | undefined;
  readonly #startedAt = Date.now();
  #warning: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#counts = new DrainCounts((counts) => this.#control?.say({ kind: 'draining', counts }));
    this.#workers = new Workers({
      program: options.program,
      count: options.workers,
      catchUp: () => this.#catchUp(),
      onCounts: (worker, counts) => this.#counts.update(worker, counts),
      onRecords: ({ batch, dropped, refusals }) => {
        this.#control?.say({ kind: 'records', batch, dropped });
        this.#reports.take(batch, dropped, refusals);
      },
      onGone: (worker) => this.#counts.workerGone(worker),
      issue: (listener, name) => this.#certificates.issue(listener, name),
    });
    this.#doors = new Doors(this.#workers);
    this.#certificates = new Certificates({
      tell: (order) => this.#workers.callAll(order),
      notice: (message) => this.#notice(message),
    });
    this.#reports = new Reports({ gauges: () => this.#gauges(), changed: () => this.#tellRecording() });
    this.#publisher = new Publisher({
      workers: this.#workers,
      doors: this.#doors,
      names: this.#names,
      certificates: this.#certificates,
      counts: this.#counts,
      reports: this.#reports,
      keep: (held, change) => this.#keep(held, change),
      tidy: (held) => this.#tidy(held),
    });
    if (options.folder === undefined) return;
    this.#kept = new KeptTable(options.folder);
    this.#control = this.#controlSocket(options.folder.socket);
    this.#operator = new OperatorSocket({
      path: options.folder.operatorSocket,
      upgrade: (withinMs) => this.#publisher.between(() => this.#workers.replaceAll(withinMs)),
    });
  }

  /** Serves the last table, if there is one, before anybody can publish another. */
  async start(): Promise<void> {
    const { folder } = this.#options;
    if (folder !== undefined && (await isAnswered(folder.socket))) {
      throw new Error(`another proxy already answers at ${folder.socket}`);
    }
    this.#workers.start();
    if (folder === undefined) return;
    await this.#restore();
    await this.#control?.open();
    await this.#operator?.open();
    await writeFile(folder.pid, `${process.pid}\n`);
  }

  publish(table: unknown): ReturnType<Publisher['publish']> {
    return this.#publisher.publish(table);
  }

  /** Whoever rotates the access log has moved it away. */
  reopenLogs(): void {
    this.#reports.reopenLog();
  }

  /** Lets requests finish, then ends; a second call ends at once. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Gives up everything that a successor needs before it waits for requests: that one may start at any moment. */
  async #close(): Promise<void> {
    const { folder } = this.#options;
    this.#control?.close();
    this.#operator?.close();
    this.#names.close();
    this.#certificates.close();
    const ended = this.#workers.close(graceMs);
    this.#doors.closeHandles();
    if (folder !== undefined) await rm(folder.pid, { force: true });
    await ended;
    await this.#reports.close();
    this.#options.ended();
  }

  #controlSocket(path: string): ControlSocket {
    return new ControlSocket({
      path,
      greet: () => this.#hello(),
      receive: (message) => this.#receive(message),
    });
  }

  get #ledgerOrder(): Order {
    // A supervisor that is away wants to know afterwards.
    const enabled = this.#control !== undefined || this.#reports.wantRecords;
    return { call: { kind: 'ledger', enabled, withClients: this.#reports.wantClients } };
  }

  #tellRecording(): void {
    void this.#workers.callAll(this.#ledgerOrder);
  }

  async #gauges(): Promise<readonly Gauge[]> {
    const counts = Object.entries(await this.#inFlight());
    return presentGauges({
      generation: this.#publisher.held?.generation ?? 0,
      inFlight: counts.map(([replica, value]) => ({ labels: { replica }, value })),
      workers: this.#workers.size,
      restarts: this.#workers.restarts,
    });
  }

  async #restore(): Promise<void> {
    const read = (await this.#kept?.read()) ?? { kind: 'none' };
    if (read.kind === 'none') return;
    if (read.kind === 'unusable') this.#warning = read.reason;
    else {
      const problems = [read.warning, await this.#publisher.restore(read.stored)].filter((each) => each !== undefined);
      this.#warning = problems.length === 0 ? undefined : problems.join('; ');
    }
    if (this.#warning !== undefined) console.error(this.#warning);
  }

  async #receive(message: ToProxy): Promise<FromProxy> {
    const { call } = message;
    switch (message.kind) {
      case 'publish':
        return { ...(await this.#publisher.publish(message.table)), call };
      case 'publish-change':
        return { ...(await this.#publisher.publishChange(message.change)), call };
      case 'drain':
        await this.#workers.callAll({ call: { kind: 'drain', order: message.order } });
        return { kind: 'done', call };
      case 'cut':
        await this.#workers.callAll({ call: { kind: 'cut', upstream: message.upstream } });
        return { kind: 'done', call };
      case 'in-flight':
        return { kind: 'in-flight', call, counts: await this.#inFlight() };
      case 'shutdown':
        setImmediate(() => void this.close());
        return { kind: 'done', call };
    }
  }

  async #inFlight(): Promise<Counts> {
    const sums: Record<ReplicaId, number> = {};
    for (const { result } of await this.#workers.callAll({ call: { kind: 'in-flight' } })) {
      const counts = result.kind === 'done' ? (result.counts ?? {}) : {};
      for (const [id, count] of Object.entries(counts) as [ReplicaId, number][]) sums[id] = (sums[id] ?? 0) + count;
    }
    return sums;
  }

  #catchUp(): readonly Order[] {
    const table = this.#publisher.held?.table;
    return [
      ...this.#doors.orders,
      ...this.#certificates.orders,
      this.#ledgerOrder,
      ...(table === undefined ? [] : [{ call: { kind: 'apply', table } } as const]),
    ];
  }

  /** What went wrong, if it did: what serves goes on serving all the same. */
  async #keep(held: HeldTable, change: TableChange | undefined): Promise<string | undefined> {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    try {
      await (change === undefined ? kept.write(this.#stored(held)) : kept.add(change, () => this.#stored(held)));
      this.#warning = undefined;
    } catch (error) {
      this.#warning = `the table serves but could not be kept: ${(error as Error).message}`;
    }
    return this.#warning;
  }

  async #tidy(held: HeldTable): Promise<void> {
    if (this.#kept?.isLong !== true) return;
    // What is there holds all the same; the next table finds out whether the disk is still in trouble.
    await this.#kept.write(this.#stored(held)).catch((error: Error) => console.error(`table.json: ${error.message}`));
  }

  #stored(held: HeldTable): StoredTable {
    return { table: held.table, listeners: this.#doors.addresses };
  }

  #notice(message: string): void {
    console.error(message);
    this.#control?.say({ kind: 'notice', message });
  }

  #hello(): ProxyHello {
    return {
      kind: 'hello',
      protocol: 3,
      pid: process.pid,
      startedAt: this.#startedAt,
      table: this.#publisher.held?.table,
      listeners: this.#doors.addresses,
      warning: this.#warning,
    };
  }
}
