import { setTimeout as delay } from 'node:timers/promises';
import { PointsmanError } from '../model/index.ts';
import type { DrainOrder, ReplicaId, RouteTable } from '../model/index.ts';
import { isReadable, KeptRecords, recordFormat, recordsIn } from '../protocol/index.ts';
import type { FromProxy, ProxyHello, RecordBatch } from '../protocol/index.ts';
import type { InFlight, LedgerCallback, ProxyLink, ProxyLinkOptions, Published } from './port.ts';
import { ProxyCalls, unreachable } from './proxy-calls.ts';
import type { ProxyAnswer, ProxyCall, UnaskedMessage } from './proxy-calls.ts';
import { changeBetween } from './table-change.ts';
import { reachProxy } from './proxy-process.ts';

/** Between two attempts to bring a lost proxy back. */
const betweenAttemptsMs = 500;
/** A proxy says hello at once; one that does not within this time never will. */
const greetingMs = 5_000;
const mostGreetings = 5;
const knownProtocols: readonly number[] = [2, 3];

/** Time for all environments to be opened, one after the other: each asks for records of its own. */
const earlyMs = 20_000;

type RecordsMessage = Extract<FromProxy, { kind: 'records' }>;

/** Finds the proxy of a state folder, or starts it. Throws PROXY_UNREACHABLE. */
export const connectProxy = async (options: ProxyLinkOptions): Promise<ProxyLink> => {
  const link = new ReconnectingLink(options);
  await link.connect(options.signal);
  setTimeout(() => link.forgetEarly(), earlyMs).unref();
  return link;
};

class ReconnectingLink implements ProxyLink {
  readonly #options: ProxyLinkOptions;
  readonly #ending = new AbortController();
  readonly #callbacks = {
    draining: new Set<(counts: InFlight) => void>(),
    ledger: new Set<LedgerCallback>(),
    notice: new Set<(message: string) => void>(),
    lost: new Set<(reason: string) => void>(),
    back: new Set<(hello: ProxyHello) => void>(),
  };
  #calls: ProxyCalls | undefined;
  #hello: ProxyHello | undefined;
  #lastTable: RouteTable | undefined;
  /** What the proxy is known to serve; undefined while that is not certain. */
  #served: RouteTable | undefined;
  /** Records of the first moments, and of before them; undefined: whoever would ask for them is there. */
  #early: KeptRecords | undefined = new KeptRecords();
  /** By so much its clock is ahead of the time since we began. */
  #proxyAhead: number | undefined;
  /** In which forms records came that can't be read; said once each. */
  readonly #unreadable = new Set<unknown>();

  constructor(options: ProxyLinkOptions) {
    this.#options = options;
  }

  get hello(): ProxyHello {
    if (this.#hello === undefined) throw unreachable('it was never reached');
    return this.#hello;
  }

  async connect(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; attempt <= mostGreetings; attempt += 1) {
      // One that is just ending may answer and be gone before it says who it is. The next attempt starts another.
      if (await this.#greet(signal)) return;
      signal.throwIfAborted();
    }
    throw unreachable('it goes away as soon as it is reached');
  }

  forgetEarly(): void {
    this.#early = undefined;
  }

  async publish(table: RouteTable, signal: AbortSignal): Promise<Published> {
    const before = this.#served;
    // Until the answer has come nobody knows which of the two it is.
    this.#served = undefined;
    const answer = await this.#bring(before, table, signal);
    if (answer.kind === 'rejected') {
      this.#served = before;
      throw rejection(answer);
    }
    if (answer.kind !== 'published') throw unexpected(answer);
    this.#served = table;
    this.#lastTable = table;
    return { generation: answer.generation, listeners: answer.listeners, warning: answer.warning };
  }

  async #bringBack(table: RouteTable, signal: AbortSignal): Promise<void> {
    const answer = await this.#bring(this.#served, table, signal);
    this.#served = answer.kind === 'published' ? table : undefined;
  }

  /** Only what changed where that can be said, and the whole where it can't. */
  async #bring(before: RouteTable | undefined, table: RouteTable, signal: AbortSignal): Promise<ProxyAnswer> {
    const change = before === undefined || this.hello.protocol < 3 ? undefined : changeBetween(before, table);
    if (change !== undefined) {
      const answer = await this.#call({ kind: 'publish-change', change }, signal);
      if (answer.kind !== 'table-needed') return answer;
    }
    return await this.#call({ kind: 'publish', table }, signal);
  }

  async drain(order: DrainOrder, signal: AbortSignal): Promise<void> {
    await this.#call({ kind: 'drain', order }, signal);
  }

  async cut(upstream: ReplicaId, signal: AbortSignal): Promise<void> {
    await this.#call({ kind: 'cut', upstream }, signal);
  }

  async inFlight(signal: AbortSignal): Promise<InFlight> {
    const answer = await this.#call({ kind: 'in-flight' }, signal);
    if (answer.kind !== 'in-flight') throw unexpected(answer);
    return answer.counts;
  }

  onDraining(callback: (counts: InFlight) => void): void {
    this.#callbacks.draining.add(callback);
  }

  onLedger(callback: LedgerCallback): void {
    this.#callbacks.ledger.add(callback);
    for (const message of this.#early?.all ?? []) this.#noteBatch(message, [callback]);
  }

  onNotice(callback: (message: string) => void): void {
    this.#callbacks.notice.add(callback);
  }

  onLost(callback: (reason: string) => void): void {
    this.#callbacks.lost.add(callback);
  }

  onBack(callback: (hello: ProxyHello) => void): void {
    this.#callbacks.back.add(callback);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#ending.abort();
    await this.#calls?.call({ kind: 'shutdown' }, signal);
    this.#calls?.end();
  }

  close(): Promise<void> {
    this.#ending.abort();
    this.#calls?.end();
    return Promise.resolve();
  }

  destroy(): void {
    this.#ending.abort();
    this.#calls?.destroy();
  }

  async #greet(signal: AbortSignal): Promise<boolean> {
    const socket = await reachProxy(this.#options, signal);
    const calls: ProxyCalls = new ProxyCalls(
      socket,
      (message) => this.#unasked(message),
      (reason) => this.#lost(calls, reason),
    );
    const patience = AbortSignal.any([signal, AbortSignal.timeout(greetingMs)]);
    patience.addEventListener('abort', () => calls.isGreeted || calls.destroy(), { once: true });
    const hello = await calls.hello;
    if (hello === undefined || calls.isLost) return false;
    if (!knownProtocols.includes(hello.protocol)) {
      calls.destroy();
      throw foreign(hello);
    }
    this.#hello = hello;
    this.#served = hello.table;
    this.#calls = calls;
    return true;
  }

  #unasked(message: UnaskedMessage): void {
    switch (message.kind) {
      case 'draining':
        for (const callback of this.#callbacks.draining) callback(message.counts);
        return;
      case 'records':
        this.#receive(message);
        return;
      case 'ledger':
        for (const callback of this.#callbacks.ledger) callback(message.records, message.dropped);
        return;
      case 'notice':
        this.#notice(message.message);
        return;
      case 'replaced': // two that take it from each other in turn would serve nobody
        this.#ending.abort();
        this.#tellLost('another supervisor took over this proxy');
    }
  }

  #receive(message: RecordsMessage): void {
    const { sentAt } = message;
    this.#proxyAhead = sentAt === undefined ? undefined : sentAt - performance.now();
    this.#early?.add(message);
    this.#noteBatch(message, this.#callbacks.ledger);
  }

  #noteBatch({ batch, dropped }: RecordsMessage, callbacks: Iterable<LedgerCallback>): void {
    const proxyNow = this.#proxyAhead === undefined ? undefined : this.#proxyAhead + performance.now();
    const isRead = isReadable(batch);
    for (const callback of callbacks) {
      if (isRead) callback({ [Symbol.iterator]: () => recordsIn(batch) }, dropped, proxyNow);
      else callback([], dropped + batch.count, proxyNow);
    }
    if (!isRead) this.#tellUnreadable(batch);
  }

  #tellUnreadable(batch: RecordBatch): void {
    if (batch.count === 0 || this.#unreadable.has(batch.format)) return;
    this.#unreadable.add(batch.format);
    this.#notice(unreadable(batch));
  }

  #notice(message: string): void {
    for (const callback of this.#callbacks.notice) callback(message);
  }

  #call(call: ProxyCall, signal: AbortSignal): Promise<ProxyAnswer> {
    return this.#calls === undefined
      ? Promise.reject(unreachable('it is being started'))
      : this.#calls.call(call, signal);
  }

  #lost(calls: ProxyCalls, reason: string): void {
    if (this.#calls !== calls || this.#ending.signal.aborted) return;
    this.#calls = undefined;
    this.#tellLost(reason);
    void this.#comeBack();
  }

  #tellLost(reason: string): void {
    for (const callback of this.#callbacks.lost) callback(reason);
  }

  /** Until it is back or we end: without a proxy nothing serves, so giving up would help nobody. */
  async #comeBack(): Promise<void> {
    const { signal } = this.#ending;
    let told = '';
    while (!signal.aborted) {
      try {
        await this.connect(signal);
        // It serves what it kept on disk; that is the same table unless the disk failed.
        if (this.#lastTable !== undefined) await this.#bringBack(this.#lastTable, signal);
        for (const callback of this.#callbacks.back) callback(this.hello);
        return;
      } catch (error) {
        const reason = (error as Error).message;
        if (!signal.aborted && reason !== told) this.#tellLost(reason);
        told = reason;
        await delay(betweenAttemptsMs, undefined, { ref: false });
      }
    }
  }
}

/** Never guessed at: a number in another place would be another number. */
const unreadable = ({ format }: Partial<RecordBatch>): string =>
  `the proxy that runs is of another release: it writes records of requests in form ${format ?? 0}, and form ${recordFormat} is read here. They are counted as lost; \`pointsman proxy upgrade\` brings its workers to the release that is installed`;

/** It serves on, but nobody here knows what its words mean. */
const foreign = ({ protocol, pid }: ProxyHello): PointsmanError =>
  unreachable(
    `the one that runs (process ${pid}) is of another release: it speaks protocol ${protocol}, and ${knownProtocols.join(' and ')} are spoken here; use that release, or end it, which ends what it serves`,
  );

const rejection = (answer: Extract<ProxyAnswer, { kind: 'rejected' }>): PointsmanError =>
  new PointsmanError(answer.code, {
    message: `the proxy refused route table ${answer.generation}: ${answer.reason}`,
    fix:
      answer.code === 'PORT_TAKEN'
        ? 'end what listens there, or choose another address (--http, --https, or tcp.listen of a service)'
        : 'what served before goes on serving; please report this table, it should not have been built',
  });

const unexpected = (answer: ProxyAnswer): PointsmanError =>
  unreachable(`it answered ${answer.kind} to another question`);
