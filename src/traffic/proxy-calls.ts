import type { Socket } from 'node:net';
import { LineSplitter } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { FromProxy, ProxyHello, ToProxy } from '../protocol/index.ts';

/** A message without its number, which whoever sends it gives. */
export type ProxyCall = ToProxy extends infer Message
  ? Message extends ToProxy
    ? Omit<Message, 'call'>
    : never
  : never;
export type UnaskedMessage = Extract<FromProxy, { kind: 'draining' | 'records' | 'ledger' | 'notice' | 'replaced' }>;
export type ProxyAnswer = Exclude<FromProxy, UnaskedMessage | ProxyHello>;

/** A proxy that says nothing for so long is treated as gone. */
const answerMs = 30_000;

interface Waiting {
  readonly resolve: (answer: ProxyAnswer) => void;
  readonly reject: (error: PointsmanError) => void;
}

/** Calls and answers on one connection to a proxy. */
export class ProxyCalls {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onUnasked: (message: UnaskedMessage) => void;
  readonly #hello = Promise.withResolvers<ProxyHello | undefined>();
  isGreeted = false;
  #lastCall = 0;
  #lostBecause: string | undefined;

  constructor(socket: Socket, onUnasked: (message: UnaskedMessage) => void, onLost: (reason: string) => void) {
    this.#socket = socket;
    this.#onUnasked = onUnasked;
    const lines = new LineSplitter((line) => this.#received(JSON.parse(line) as FromProxy));
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', (error) => this.#lose(error.message));
    socket.on('close', () => {
      this.#lose('it closed the connection');
      onLost(this.#lostBecause ?? '');
    });
  }

  /** undefined when the connection ended first. */
  get hello(): Promise<ProxyHello | undefined> {
    return this.#hello.promise;
  }

  get isLost(): boolean {
    return this.#lostBecause !== undefined;
  }

  /** Rejects with PROXY_UNREACHABLE when the connection ends first, or with the signal's reason. */
  async call(call: ProxyCall, signal: AbortSignal): Promise<ProxyAnswer> {
    signal.throwIfAborted();
    if (this.#lostBecause !== undefined) throw unreachable(this.#lostBecause);
    this.#lastCall += 1;
    const number = this.#lastCall;
    const { promise, resolve, reject } = Promise.withResolvers<ProxyAnswer>();
    this.#waiting.set(number, { resolve, reject });
    const timer = setTimeout(() => this.#socket.destroy(new Error('it does not answer')), answerMs);
    const abort = (): void => reject(signal.reason as PointsmanError);
    signal.addEventListener('abort', abort, { once: true });
    try {
      this.#socket.write(`${JSON.stringify({ ...call, call: number })}\n`);
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#waiting.delete(number);
    }
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(message: FromProxy): void {
    switch (message.kind) {
      case 'hello':
        this.isGreeted = true;
        this.#hello.resolve(message);
        return;
      case 'draining':
      case 'records':
      case 'ledger':
      case 'notice':
      case 'replaced':
        this.#onUnasked(message);
        return;
      default:
        this.#waiting.get(message.call)?.resolve(message);
    }
  }

  #lose(reason: string): void {
    this.#lostBecause ??= reason;
    const error = unreachable(this.#lostBecause);
    this.#hello.resolve(undefined);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

export const unreachable = (reason: string): PointsmanError =>
  new PointsmanError('PROXY_UNREACHABLE', {
    message: `the proxy can't be reached: ${reason}`,
    fix: 'look into proxy.log in the state folder; the supervisor starts a new one by itself',
  });
