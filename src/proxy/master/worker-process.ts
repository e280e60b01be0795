import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { messagesVersion } from '../messages.ts';
import type { FromWorker, ToWorker, WorkerCall, WorkerResult } from '../messages.ts';
import type { SocketHandle } from './listening-sockets.ts';
import { OwnTime } from './own-time.ts';

/** A call with the socket that travels with it. */
export interface Order {
  readonly call: WorkerCall;
  readonly handle?: SocketHandle;
}

export interface WorkerOptions {
  readonly program: string;
  readonly count: number;
  /** A worker that had so much time for itself and has not answered can't be trusted to serve; it is ended. */
  readonly answerMs: number;
}

interface WaitingCall {
  readonly answer: (result: WorkerResult | undefined) => void;
  /** What the worker had for itself since it was called. */
  ownMs: number;
}

/** How often is looked what a worker that owes an answer has had for itself. */
const looksPerAnswer = 10;

/**
 * Requests leave garbage that dies young: more room for it would only be memory that stays. One thread beside the main one
 * collects and compiles: without any, requests would wait for that, and more of them leave their working memory behind.
 * So does the middle one of V8's three compilers, 12 MB within the first minute; the best one takes over soon anyway.
 */
const ofWorker = ['--max-semi-space-size=1', '--v8-pool-size=1', '--no-maglev'];

const isOfMaster = (flag: string): boolean => /^--(?:(?:max-semi-space-size|v8-pool-size)=|no-maglev$)/.test(flag);

const notStarted = -1;

/** Of some refusals (ENOMEM, E2BIG) Node tells by throwing, of others (EAGAIN, EMFILE) by an event. */
const started = (program: string, count: number): ChildProcess | Error => {
  try {
    return fork(program, ['worker', String(messagesVersion), String(count)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // What spares memory in a master would cost a worker its even pace.
      execArgv: [...process.execArgv.filter((flag) => !isOfMaster(flag)), ...ofWorker],
    });
  } catch (error) {
    return error as Error;
  }
};

/** What it says by itself. */
export type UnaskedOfWorker = Exclude<FromWorker, { kind: 'answer' | 'lingers' }>;

/** One process that forwards, and the calls to it that have not been answered yet. */
export class WorkerProcess {
  readonly id: number;
  readonly bornAt = performance.now();
  /** How it ended. */
  readonly ended: Promise<string>;
  /** It has nothing left but so many connections that may last; 0: it has ended. */
  readonly finished: Promise<number>;
  /** It has no place that somebody would have to take after it: its end was asked for, or it does not serve yet beside those that do. */
  isSpare = false;
  /** undefined: the system refused it on the spot. */
  readonly #child: ChildProcess | undefined;
  readonly #waiting = new Map<number, WaitingCall>();
  readonly #answerMs: number;
  /** Runs while it owes an answer. */
  #looks: NodeJS.Timeout | undefined;
  #lastCall = 0;

  /** Starts it, one of `count`, from the program as it lies on disk now. */
  constructor({ program, count, answerMs }: WorkerOptions, onMessage: (message: UnaskedOfWorker) => void) {
    this.#answerMs = answerMs;
    const child = started(program, count);
    if (child instanceof Error) {
      this.id = notStarted;
      this.ended = Promise.resolve(child.message);
      this.finished = Promise.resolve(0);
      return;
    }
    this.#child = child;
    this.id = child.pid ?? notStarted;
    const finished = Promise.withResolvers<number>();
    this.finished = finished.promise;
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'answer') this.#answered(message.call, message.result);
      else if (message.kind === 'lingers') finished.resolve(message.connections);
      else onMessage(message);
    });
    child.on('error', (error) => console.error(`worker ${this.id}: ${error.message}`));
    this.ended = new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null): void => {
        clearInterval(this.#looks);
        for (const { answer } of this.#waiting.values()) answer(undefined);
        this.#waiting.clear();
        finished.resolve(0);
        resolve(signal ?? `exit code ${code}`);
      };
      child.once('exit', over);
      child.once('close', over); // one that could not be started at all has no exit
    });
  }

  /** undefined when the worker ended before it answered. */
  call(order: Order): Promise<WorkerResult | undefined> {
    this.#lastCall += 1;
    const call = this.#lastCall;
    const child = this.#child;
    return new Promise((resolve) => {
      if (child?.connected !== true) {
        resolve(undefined);
        return;
      }
      this.#waiting.set(call, { answer: resolve, ownMs: 0 });
      this.#looks ??= this.#look();
      const message = { ...order.call, call } as ToWorker;
      // A channel that breaks while sending belongs to a worker that ends; `exit` then answers.
      child.send(message, order.handle as never, () => undefined);
    });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  #answered(call: number, result: WorkerResult): void {
    this.#waiting.get(call)?.answer(result);
    this.#waiting.delete(call);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#looks);
    this.#looks = undefined;
  }

  #look(): NodeJS.Timeout {
    const ownTime = new OwnTime(this.id);
    const everyMs = this.#answerMs / looksPerAnswer;
    return setInterval(() => {
      const ownMs = ownTime.sinceLastLook(everyMs);
      for (const waiting of this.#waiting.values()) {
        waiting.ownMs += ownMs;
        if (waiting.ownMs >= this.#answerMs) this.kill();
      }
    }, everyMs);
  }
}
