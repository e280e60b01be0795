import { setTimeout as delay } from 'node:timers/promises';
import type { Listener, RouteTable } from '../../model/index.ts';
import type { FromProxy, TableChange } from '../../protocol/index.ts';
import type { CertificateChange, Certificates } from './certificates.ts';
import { checkChange, olderFault } from './change-check.ts';
import type { DoorChange, Doors } from './doors.ts';
import type { DrainCounts } from './drain-counts.ts';
import { HeldTable } from './held-table.ts';
import type { NameServers } from './name-servers.ts';
import type { Reports } from './reports/reports.ts';
import { tableFault } from './table-check.ts';
import type { StoredTable } from './table-file.ts';
import type { Workers } from './workers.ts';

/** How long the ports of a proxy that ended may stay taken. */
const predecessorMs = 2_000;
const betweenTriesMs = 50;

export interface PublisherParts {
  readonly workers: Workers;
  readonly doors: Doors;
  readonly names: NameServers;
  readonly certificates: Certificates;
  readonly counts: DrainCounts;
  readonly reports: Reports;
  /** Writes the table down, or only the change that made it; says what went wrong. */
  readonly keep: (held: HeldTable, change?: TableChange) => Promise<string | undefined>;
  /** There is time to put in order what was kept, before the next table. */
  readonly tidy: (held: HeldTable) => Promise<void>;
}

type Answer<Kind extends FromProxy['kind']> = Omit<Extract<FromProxy, { kind: Kind }>, 'call'>;
/** Opened and read, not served yet. */
interface Prepared {
  readonly doors: DoorChange;
  readonly certificates: CertificateChange;
}

export type PublishAnswer = Answer<'published'> | Answer<'rejected'>;
export type ChangeAnswer = PublishAnswer | Answer<'table-needed'>;

/** Brings a table to every worker, or refuses it whole; one at a time. */
export class Publisher {
  /** The newest table that workers were told of; a new worker gets it. */
  held: HeldTable | undefined;
  readonly #parts: PublisherParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  publish(table: unknown): Promise<PublishAnswer> {
    return this.between(() => this.#publish(table));
  }

  publishChange(change: unknown): Promise<ChangeAnswer> {
    return this.between(() => this.#publishChange(change));
  }

  /** Between two tables: nothing is half told while this runs. */
  between<Result>(action: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Serves a table from before with the ports it had then. What can't be opened any more is left out and told. */
  async restore(stored: StoredTable): Promise<string | undefined> {
    const { certificates, doors, names, reports } = this.#parts;
    const ports = new Map(stored.listeners.map((listener) => [listener.id, listener.port]));
    const opened: Listener[] = [];
    const certified: CertificateChange[] = [];
    const problems: string[] = [];
    for (const listener of stored.table.listeners) {
      try {
        certified.push(await certificates.prepare([listener]));
        doors.take(await this.#reopen([...opened, listener], ports));
        opened.push(listener);
      } catch (error) {
        problems.push(`listener ${listener.id}: ${(error as Error).message}`);
      }
    }
    for (const zone of stored.table.names) {
      await names.prepare([zone]).catch((error: Error) => problems.push(`names: ${error.message}`));
    }
    await reports
      .prepare(stored.table.reports ?? {})
      .catch((error: Error) => problems.push(`reports: ${error.message}`));
    const served = certified.flatMap((change) => change.served);
    const uncovered = certified.flatMap((change) => change.uncovered);
    await this.#apply(new HeldTable(stored.table), stored.table, { served, uncovered });
    this.#parts.counts.end();
    return problems.length === 0 ? undefined : `the last table serves without: ${problems.join('; ')}`;
  }

  /** Workers of a proxy that was killed may need a moment to notice; nothing tells when they have. */
  async #reopen(listeners: readonly Listener[], ports: ReadonlyMap<string, number>): Promise<DoorChange> {
    const { doors } = this.#parts;
    const asBefore = listeners.map((listener) => ({ ...listener, port: ports.get(listener.id) ?? listener.port }));
    for (
      const deadline = performance.now() + predecessorMs;
      performance.now() < deadline;
      await delay(betweenTriesMs)
    ) {
      const change = await doors.prepare(asBefore).catch((error: NodeJS.ErrnoException) => error);
      if (!(change instanceof Error)) return change;
      if (change.code !== 'EADDRINUSE') throw change;
    }
    return await doors.prepare(listeners); // where the table left the choice of the port, another will do
  }

  async #publish(table: unknown): Promise<PublishAnswer> {
    const fault = tableFault(table) ?? olderFault((table as RouteTable).generation, this.held?.generation ?? 0);
    if (fault !== undefined) return rejected(table, 'TABLE_REJECTED', fault);
    const checked = table as RouteTable;
    const change = await this.#prepare(checked);
    if (change instanceof Error) return rejected(checked, codeOf(change), change.message);
    const closed = this.#parts.doors.take(change.doors);
    const held = new HeldTable(checked);
    const applied = this.#apply(held, checked, change.certificates);
    // While the workers take it in: the answer waits for both.
    const warning = await this.#parts.keep(held);
    await applied;
    await this.#parts.doors.close(closed);
    return this.#published(warning);
  }

  /** Nothing is opened or closed, so nothing can fail once it has been checked. */
  async #publishChange(value: unknown): Promise<ChangeAnswer> {
    const { held } = this;
    const checked = held === undefined ? undefined : checkChange(value, held);
    if (held === undefined || checked === undefined || checked.kind === 'misfit') return { kind: 'table-needed' };
    if (checked.kind === 'bad') return rejected(value, 'TABLE_REJECTED', checked.reason);
    const { change } = checked;
    await this.#parts.certificates.takeChange(change, held);
    const applied = this.#applyChange(change, held);
    const warning = await this.#parts.keep(held, change);
    await applied;
    const answer = this.#published(warning);
    setImmediate(() => void this.between(() => this.#parts.tidy(held)));
    return answer;
  }

  #published(warning: string | undefined): PublishAnswer {
    // The answer goes out before counts of what it dropped do.
    setImmediate(() => this.#parts.counts.end());
    const listeners = this.#parts.doors.addresses;
    return { kind: 'published', generation: this.held?.generation ?? 0, listeners, warning };
  }

  /** Opens what the table needs beside what serves; on failure nothing of it stays open. */
  async #prepare(table: RouteTable): Promise<Prepared | Error> {
    const { certificates, doors, names, reports } = this.#parts;
    try {
      const served = await certificates.prepare(table.listeners);
      const change = await doors.prepare(table.listeners);
      try {
        await names.prepare(table.names);
        await reports.prepare(table.reports ?? {});
        return { doors: change, certificates: served };
      } catch (error) {
        await doors.abandon(change);
        throw error;
      }
    } catch (error) {
      return error as Error;
    }
  }

  /** Certificates first, then routes, then names: whoever learns a name from this table finds its routes already there. */
  async #apply(held: HeldTable, table: RouteTable, served: CertificateChange): Promise<void> {
    const { certificates, workers, names, counts, reports } = this.#parts;
    await certificates.take(served);
    this.held = held;
    counts.begin();
    await workers.callAll({ call: { kind: 'apply', table } });
    names.serve(table.names);
    reports.serve(table.reports ?? {});
  }

  /** The same order for a change. */
  async #applyChange(change: TableChange, held: HeldTable): Promise<void> {
    const { workers, names, counts } = this.#parts;
    held.apply(change);
    counts.begin();
    await workers.change(change, () => held.table);
    if (change.names.length > 0) names.serve(held.names);
  }
}

const rejected = (table: unknown, code: 'TABLE_REJECTED' | 'PORT_TAKEN', reason: string): PublishAnswer => {
  const { generation } = (table ?? {}) as Partial<RouteTable>;
  return { kind: 'rejected', generation: typeof generation === 'number' ? generation : 0, code, reason };
};

const codeOf = (error: NodeJS.ErrnoException): 'TABLE_REJECTED' | 'PORT_TAKEN' =>
  error.code === 'EADDRINUSE' ? 'PORT_TAKEN' : 'TABLE_REJECTED';
