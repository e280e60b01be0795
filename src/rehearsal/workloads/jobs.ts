import { HttpClient } from '../client/http-client.ts';
import { Ledger, requestTimeline } from '../ledger.ts';
import { OpenLoop } from '../open-loop.ts';
import { countByPhase } from '../phases.ts';
import { pause } from '../run-clock.ts';
import type { RunClock } from '../run-clock.ts';
import type { Sample } from '../sample.ts';
import { requestFailure } from './http.ts';
import type { LoadAddress, RunningWorkload, WorkloadDriver, WorkloadOf } from './workload.ts';

/** How often a job's status is asked for, as an app's own front end would. */
const askEveryMs = 300;
const requestTimeoutMs = 10_000;

type JobFate = 'done' | 'failed' | 'abandoned';

/** Enqueues jobs at a fixed rate and follows each through the app's own API to its end. */
export const jobsDriver = (workload: WorkloadOf<'jobs'>, address: LoadAddress): WorkloadDriver => {
  const jobs = new JobClient(workload, new HttpClient(address));
  return {
    tryOnce: async (signal) => {
      const enqueued = await jobs.enqueue();
      const { method, path } = workload.enqueue;
      if (enqueued.kind === 'refused') return `${method} ${workload.host}${path}: ${enqueued.cause}`;
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(workload.timeoutSeconds * 1000)]);
      const fate = await jobs.follow(enqueued.id, deadline);
      // A queue that still works off the jobs of an earlier run would abandon those of this one.
      return fate === 'done' ? undefined : `job ${enqueued.id} of ${workload.host}${path} was ${fate}`;
    },
    start: (clock) => new RunningJobs(workload, jobs, clock),
    destroy: () => jobs.destroy(),
  };
};

type Enqueued =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'refused'; readonly cause: string };

class JobClient {
  readonly #workload: WorkloadOf<'jobs'>;
  readonly #client: HttpClient;
  readonly #stop = new AbortController();

  constructor(workload: WorkloadOf<'jobs'>, client: HttpClient) {
    this.#workload = workload;
    this.#client = client;
  }

  async enqueue(): Promise<Enqueued> {
    const { host, enqueue } = this.#workload;
    const headers = enqueue.body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await this.#client.request({ host, headers, ...enqueue }, requestTimeoutMs, true);
    const failure = requestFailure(answer);
    if (failure !== undefined || answer.kind === 'broken') return { kind: 'refused', cause: failure ?? 'error' };
    const id = textField(answer.body, 'id');
    return id === undefined ? { kind: 'refused', cause: 'no-id' } : { kind: 'accepted', id };
  }

  /** An answer that does not come is asked for again: only the deadline makes a job abandoned. */
  async follow(id: string, deadline: AbortSignal): Promise<JobFate> {
    const { host, status, done, failed } = this.#workload;
    const path = status.path.replaceAll('{id}', encodeURIComponent(id));
    const until = AbortSignal.any([deadline, this.#stop.signal]);
    while (!until.aborted) {
      const answer = await this.#client.request({ host, method: 'GET', path }, requestTimeoutMs, true);
      const state =
        requestFailure(answer) === undefined && answer.kind === 'answer' && textField(answer.body, 'status');
      if (typeof state === 'string' && done.includes(state)) return 'done';
      if (typeof state === 'string' && failed.includes(state)) return 'failed';
      // Aborted: the loop's own condition ends it.
      await pause(askEveryMs, until).catch(() => {});
    }
    return 'abandoned';
  }

  async destroy(): Promise<void> {
    this.#stop.abort();
    await this.#client.destroy();
  }
}

class RunningJobs implements RunningWorkload {
  readonly #workload: WorkloadOf<'jobs'>;
  readonly #jobs: JobClient;
  readonly #clock: RunClock;
  readonly #loop: OpenLoop;
  readonly #ledger = new Ledger();
  readonly #unfinished = new Set<Promise<void>>();
  readonly #fates = { done: 0, failed: 0, abandoned: 0 };
  /** The whole fate of each job: for the picture, where an abandoned one is a loss like one that was not accepted. */
  readonly #ended: Sample[] = [];

  constructor(workload: WorkloadOf<'jobs'>, jobs: JobClient, clock: RunClock) {
    this.#workload = workload;
    this.#jobs = jobs;
    this.#clock = clock;
    this.#loop = new OpenLoop(clock, workload.ratePerSecond, (start) => {
      const job = this.#run(start).finally(() => this.#unfinished.delete(job));
      this.#unfinished.add(job);
    });
  }

  counts(): { readonly sent: number; readonly ok: number; readonly failed: number } {
    const { sent, failed } = this.#ledger;
    return { sent, ok: this.#fates.done, failed: failed + this.#fates.abandoned };
  }

  async finish(): Promise<void> {
    this.#loop.stop();
    await Promise.all(this.#unfinished);
  }

  result(...[spans, end]: Parameters<RunningWorkload['result']>): ReturnType<RunningWorkload['result']> {
    const ledger = this.#ledger.result(spans, end);
    const abandoned = this.#ended.filter(({ cause }) => cause === 'abandoned').map(({ start }) => start);
    return {
      kind: 'jobs',
      ...ledger,
      jobs: { enqueued: ledger.ok, ...this.#fates, abandonedByPhase: countByPhase(spans, abandoned) },
      timeline: requestTimeline(this.#ended, end),
    };
  }

  async #run(start: number): Promise<void> {
    const enqueued = await this.#jobs.enqueue();
    const cause = enqueued.kind === 'refused' ? enqueued.cause : undefined;
    this.#ledger.add({ start, end: this.#clock.now(), cause });
    if (enqueued.kind === 'refused') return this.#end(start, enqueued.cause);
    const left = start + this.#workload.timeoutSeconds * 1000 - this.#clock.now();
    const fate = await this.#jobs.follow(enqueued.id, AbortSignal.timeout(Math.max(Math.ceil(left), 0)));
    this.#fates[fate] += 1;
    this.#end(start, fate === 'abandoned' ? fate : undefined);
  }

  #end(start: number, cause: string | undefined): void {
    this.#ended.push({ start, end: this.#clock.now(), cause });
  }
}

/** Of a JSON object; numbers count as text. */
const textField = (json: string, field: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(json);
    const value: unknown = parsed !== null && typeof parsed === 'object' ? Reflect.get(parsed, field) : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  } catch {
    return undefined;
  }
};
