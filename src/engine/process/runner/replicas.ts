import { rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exit, ReplicaId, StopSignal } from '../../../model/index.ts';
import type { ReplicaEvent } from '../messages.ts';
import type { ReplicaRecord, StartOrder } from '../record.ts';
import { readRecord, writeRecord } from '../record.ts';
import type { ScopeFolder } from '../scope-folder.ts';
import { replicaFolder } from '../scope-folder.ts';
import { endProcesses, sendSignal } from './end-processes.ts';
import { execute } from './execution.ts';
import { takePort } from './free-port.ts';
import { requireFree } from './host-ports.ts';

const removeAgainMs = 1000;

interface Entry {
  record: ReplicaRecord;
  /** When everything about its end is written; undefined when that is long so. */
  readonly ended: Promise<void> | undefined;
}

/** notify: told to the engines; complain: what went wrong without anyone waiting for it. */
export interface Reports {
  readonly notify: (event: ReplicaEvent) => void;
  readonly complain: (error: unknown) => void;
}

/** All replicas of one scope. Operations on the same replica wait for each other. */
export class Replicas {
  readonly #folder: ScopeFolder;
  readonly #reports: Reports;
  readonly #entries = new Map<ReplicaId, Entry>();
  readonly #busy = new Map<ReplicaId, Promise<unknown>>();
  /** Replicas whose end is not on disk yet. */
  #unwritten = 0;

  constructor(folder: ScopeFolder, reports: Reports) {
    this.#folder = folder;
    this.#reports = reports;
  }

  /** A record that says "running" is from a runner that was killed: its replicas lost their log and their exit code with it, so they are ended. */
  async recover(): Promise<void> {
    for (const name of await readdir(this.#folder.replicas).catch(() => [])) {
      const folder = join(this.#folder.replicas, name);
      const record = await readRecord(folder);
      if (record === undefined) {
        await endProcesses(folder, undefined);
        await rm(folder, { recursive: true, force: true });
      } else {
        const ended = record.exit === null ? await this.#endLeftOver(folder, record) : record;
        this.#entries.set(ended.identity.id, { record: ended, ended: undefined });
      }
    }
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0 && this.#busy.size === 0;
  }

  get areAllEnded(): boolean {
    return this.#busy.size === 0 && this.#unwritten === 0;
  }

  list(): readonly ReplicaRecord[] {
    return [...this.#entries.values()].map(({ record }) => record);
  }

  start(order: StartOrder): Promise<ReplicaRecord> {
    return this.#oneAtATime(order.identity.id, async () => {
      const twin = this.#entries.get(order.identity.id);
      if (twin !== undefined && twin.record.image === order.image) return twin.record;
      if (twin !== undefined) await this.#remove(order.identity.id);
      return await this.#start(order);
    });
  }

  signal(replica: ReplicaId, name: StopSignal | 'SIGKILL'): void {
    const record = this.#entries.get(replica)?.record;
    if (record !== undefined && record.exit === null) sendSignal(-record.pid, name);
  }

  remove(replica: ReplicaId): Promise<void> {
    return this.#oneAtATime(replica, () => this.#remove(replica));
  }

  async #start(order: StartOrder): Promise<ReplicaRecord> {
    const { id } = order.identity;
    await requireFree(order);
    const taken = order.port === undefined ? await takePort() : { port: order.port, release: () => {} };
    const folder = replicaFolder(this.#folder, id);
    const { record, exited } = await execute({ order, port: taken.port, folder }, this.#reports.complain).catch(
      (error: unknown) => {
        taken.release();
        this.#removeFailed(id);
        throw error;
      },
    );
    void exited.then(() => taken.release());
    this.#unwritten += 1;
    const entry: Entry = { record, ended: exited.then((exit) => this.#noteEnd(folder, entry, exit)) };
    this.#entries.set(id, entry);
    this.#tell(record, 'started');
    return record;
  }

  /** Why it could not be started may be that the disk can't be written; then its folder goes when that is repaired. */
  #removeFailed(id: ReplicaId): void {
    try {
      rmSync(replicaFolder(this.#folder, id), { recursive: true, force: true });
    } catch {
      const again = (): void => {
        // Somebody tries to start it once more: that ends well, or comes here too.
        if (!this.#busy.has(id) && !this.#entries.has(id)) this.#removeFailed(id);
      };
      setTimeout(again, removeAgainMs).unref();
    }
  }

  /** Known here before it is on disk: whoever reads of the end there must not be told otherwise by us. */
  async #noteEnd(folder: string, entry: Entry, exit: Exit): Promise<void> {
    entry.record = { ...entry.record, exit };
    await writeRecord(folder, entry.record).catch(this.#reports.complain);
    this.#unwritten -= 1;
    this.#tell(entry.record, 'exited');
  }

  async #remove(replica: ReplicaId): Promise<void> {
    const entry = this.#entries.get(replica);
    if (entry === undefined) return;
    this.signal(replica, 'SIGKILL');
    await entry.ended;
    const folder = replicaFolder(this.#folder, replica);
    await endProcesses(folder, entry.record);
    await rm(folder, { recursive: true, force: true });
    this.#entries.delete(replica);
    this.#tell(entry.record, 'removed');
  }

  async #endLeftOver(folder: string, record: ReplicaRecord): Promise<ReplicaRecord> {
    await endProcesses(folder, record);
    const exit = { code: null, signal: 'SIGKILL', outOfMemory: false, at: Date.now() };
    const ended: ReplicaRecord = { ...record, exit };
    await writeRecord(folder, ended);
    return ended;
  }

  #tell({ role, identity }: ReplicaRecord, what: ReplicaEvent['what']): void {
    if (role === 'replica')
      this.#reports.notify({ kind: 'replica', service: identity.service, replica: identity.id, what });
  }

  async #oneAtATime<Result>(replica: ReplicaId, work: () => Promise<Result>): Promise<Result> {
    const before = this.#busy.get(replica) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#busy.set(replica, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(replica) === mine) this.#busy.delete(replica);
    }
  }
}
