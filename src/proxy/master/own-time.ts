import { readdirSync, readFileSync } from 'node:fs';

/**
 * The time that a process had for itself: while it wants a core, what it was given; while it waits for nobody's core, what
 * passed. With fifty programs on two cores a second of work takes half a minute, which says nothing about the process.
 */
export class OwnTime {
  readonly #pid: number;
  #lookedAt = performance.now();
  #workedMs: number | undefined;

  constructor(pid: number) {
    this.#pid = pid;
    this.#workedMs = workOf(pid)?.workedMs;
  }

  /** Since the look before, and `mostMs` of it at most: whoever looks may have stood in line too, or the machine slept. */
  sinceLastLook(mostMs: number): number {
    const [now, before, work] = [performance.now(), this.#workedMs, workOf(this.#pid)];
    const passedMs = Math.min(now - this.#lookedAt, mostMs);
    this.#lookedAt = now;
    this.#workedMs = work?.workedMs;
    if (work === undefined || before === undefined || !work.wantsCore) return passedMs;
    return Math.min(Math.max(0, work.workedMs - before), passedMs);
  }
}

interface Work {
  readonly workedMs: number;
  readonly wantsCore: boolean;
}

/** Linux shows times in hundredths of a second, whatever the machine's clock. */
const tickMs = 10;

/** Over all threads, as one of them may wait for another. undefined: not Linux, or the process or a thread has just ended. */
const workOf = (pid: number): Work | undefined => {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((id) => threadOf(`/proc/${pid}/task/${id}/stat`));
    const ticks = threads.reduce((sum, thread) => sum + thread.ticks, 0);
    return { workedMs: ticks * tickMs, wantsCore: threads.some(({ state }) => state === 'R') };
  } catch {
    return undefined;
  }
};

/** `pid (name) state …`; a name may hold blanks and brackets. The times in user and kernel mode are the 14th and 15th field. */
const threadOf = (path: string): { readonly state: string | undefined; readonly ticks: number } => {
  const text = readFileSync(path, 'utf8');
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, ticks: Number(fields[10]) + Number(fields[11]) };
};
