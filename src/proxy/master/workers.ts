import type { RouteTable } from '../../model/index.ts';
import type { TableChange } from '../../protocol/index.ts';
import type { CertificatePair, Counts, WorkerCall, WorkerResult } from '../messages.ts';
import { ConnectionCaps } from './connection-caps.ts';
import { WorkerProcess } from './worker-process.ts';
import type { Order, UnaskedOfWorker } from './worker-process.ts';

export interface WorkersOptions {
  readonly program: string;
  readonly count: number;
  /** What a new worker has to be told before anything else, in order: sockets, then the table. */
  readonly catchUp: () => readonly Order[];
  readonly onCounts: (worker: number, counts: Counts) => void;
  readonly onRecords: (message: Extract<UnaskedOfWorker, { kind: 'ledger' }>) => void;
  readonly onGone: (worker: number) => void;
  /** A certificate for a name that a client asked a listener for; undefined: nobody vouches for it. */
  readonly issue: (listener: string, name: string) => CertificatePair | undefined;
}

/** One generation of workers takes over from another. */
export interface Succession {
  readonly serving: readonly number[];
  readonly leaving: readonly number[];
  /** The leaving ones have ended, but for so many TCP connections. */
  readonly done: Promise<number>;
}

/** Of its own time; many times what the longest answer takes. */
const answerMs = 10_000;
/** A worker that lived shorter than this is not replaced at once. */
const shortLifeMs = 1_000;
/** What a TCP connection may last on a worker of before: nobody knows when its end costs nothing. */
const opaqueMs = 86_400_000;
/** A worker that should have ended by itself gets so much longer. */
const overdueMs = 5_000;

/** The processes that forward. A dead one is replaced and is told everything that counts before it serves. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #running = new Set<WorkerProcess>();
  readonly #caps = new ConnectionCaps();
  #isClosing = false;
  /** Workers that ended without being asked to. */
  restarts = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#running.size;
  }

  start(): void {
    this.#fill();
  }

  /** Every worker's answer. One that dies meanwhile is left out: what replaces it catches up by itself. */
  async callAll(order: Order): Promise<readonly { readonly worker: number; readonly result: WorkerResult }[]> {
    const workers = [...this.#running];
    const results = await Promise.all(workers.map((worker) => worker.call(order)));
    return workers.flatMap((worker, index) => {
      const result = results[index];
      return result === undefined ? [] : [{ worker: worker.id, result }];
    });
  }

  /** A worker whose table is another one than the change's gets the whole: that is not so unless something went wrong. */
  async change(change: TableChange, whole: () => RouteTable): Promise<void> {
    const tell = async (worker: WorkerProcess): Promise<void> => {
      const result = await worker.call({ call: { kind: 'change', change } });
      if (result?.kind === 'table-needed') await worker.call({ call: { kind: 'apply', table: whole() } });
    };
    await Promise.all([...this.#running].map(tell));
  }

  /**
   * A new generation, from the program as it lies on disk now, takes the place of the present one, which finishes what
   * it has begun. When not all new ones come to serve they end again, and everything stays as it was.
   */
  async replaceAll(withinMs: number): Promise<Succession> {
    const fresh = Array.from({ length: this.#options.count }, () => this.#spawn());
    for (const worker of fresh) worker.isSpare = true;
    const failures = await Promise.all(fresh.map((worker) => this.#catchUp(worker)));
    const failure = failures.find((each) => each !== undefined);
    if (failure !== undefined) {
      for (const worker of fresh) worker.kill();
      throw new Error(failure);
    }
    const leaving = this.#inPlace;
    for (const worker of fresh) worker.isSpare = false;
    const ends = leaving.map((worker) =>
      retire(worker, { kind: 'retire', withinMs, opaqueWithinMs: withinMs + opaqueMs, idleEnds: false }),
    );
    this.#fill(); // one that came to serve may have ended while others were still starting
    const ids = (workers: readonly WorkerProcess[]): readonly number[] => workers.map((worker) => worker.id);
    return { serving: ids(fresh), leaving: ids(leaving), done: Promise.all(ends).then(sum) };
  }

  /** Lets them finish what they have begun. */
  async close(withinMs: number): Promise<void> {
    this.#isClosing = true;
    const retirement = { kind: 'retire', withinMs, opaqueWithinMs: withinMs, idleEnds: true } as const;
    const running = [...this.#running];
    for (const worker of running) void retire(worker, retirement);
    await Promise.all(running.map((worker) => worker.ended));
  }

  #spawn(): WorkerProcess {
    const worker: WorkerProcess = new WorkerProcess({ ...this.#options, answerMs }, (message) =>
      this.#said(worker, message),
    );
    this.#running.add(worker);
    void worker.ended.then((how) => this.#gone(worker, how));
    return worker;
  }

  /** What kept it from serving, if anything did. */
  async #catchUp(worker: WorkerProcess): Promise<string | undefined> {
    for (const result of await Promise.all(this.#options.catchUp().map((order) => worker.call(order)))) {
      if (result === undefined) return `worker ${worker.id} ended before it served (${await worker.ended})`;
      if (result.kind === 'failed') return `worker ${worker.id}: ${result.message}`;
    }
    return undefined;
  }

  #said(worker: WorkerProcess, message: UnaskedOfWorker): void {
    switch (message.kind) {
      case 'counts':
        this.#options.onCounts(worker.id, message.counts);
        return;
      case 'certificate-wanted': {
        const { listener, name } = message;
        const certificate = this.#options.issue(listener, name);
        void worker.call({ call: { kind: 'issued', listener, name, certificate } });
        return;
      }
      case 'places':
        this.#caps.leave(worker.id, message.left);
        if (message.wanted.length > 0)
          void worker.call({ call: { kind: 'placed', ...this.#caps.take(worker.id, message.wanted) } });
        return;
      case 'ledger':
        this.#options.onRecords(message);
    }
  }

  #gone(worker: WorkerProcess, how: string): void {
    this.#running.delete(worker);
    this.#options.onGone(worker.id);
    this.#caps.workerGone(worker.id);
    if (this.#isClosing || worker.isSpare) return;
    this.restarts += 1;
    console.error(`worker ${worker.id} ended (${how}); it is replaced`);
    setTimeout(() => this.#fill(), performance.now() - worker.bornAt < shortLifeMs ? shortLifeMs : 0);
  }

  get #inPlace(): readonly WorkerProcess[] {
    return [...this.#running].filter((worker) => !worker.isSpare);
  }

  /** Who takes the place of whom does not matter: an upgrade may have come in between. */
  #fill(): void {
    if (this.#isClosing) return;
    for (let count = this.#inPlace.length; count < this.#options.count; count += 1) void this.#catchUp(this.#spawn());
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Resolves when it has ended, be it that it had to be killed, or has nothing left but so many TCP connections. */
const retire = async (worker: WorkerProcess, call: Extract<WorkerCall, { kind: 'retire' }>): Promise<number> => {
  worker.isSpare = true;
  const overdue = setTimeout(() => worker.kill(), call.withinMs + overdueMs);
  const overdueAtLast = setTimeout(() => worker.kill(), call.opaqueWithinMs + overdueMs);
  void worker.ended.then(() => clearTimeout(overdueAtLast));
  void worker.call({ call });
  const left = await worker.finished;
  clearTimeout(overdue);
  return left;
};
