import { EventParser } from '../client/event-parser.ts';
import type { CloseStream, HttpClient } from '../client/http-client.ts';
import type { RunClock } from '../run-clock.ts';
import { EventIds } from './event-ids.ts';
import type { StreamBook } from './stream-book.ts';
import type { WorkloadOf } from './workload.ts';

/** Until the server says otherwise by `retry:`; and the longest we go along with, so that a rehearsal sees the return. */
const defaultRetryMs = 1000;
const longestRetryMs = 5000;

interface OpenConnection {
  readonly start: number;
  openedAt: number | undefined;
  failure: { readonly cause: string; readonly at: number } | undefined;
  close: CloseStream;
}

/**
 * One stream as a user sees it, over as many connections as it takes. From the moment a connection ends until the next
 * one brings an event it is interrupted; an interruption is a drop as soon as anything goes wrong in it (no clean end, an
 * error instead of a stream, silence, lost events), otherwise a resumption. Unlike a browser's EventSource, which gives
 * up on an error status, it keeps coming back, so that one sees when the service does.
 */
export class SseStream {
  readonly #workload: WorkloadOf<'sse'>;
  readonly #client: HttpClient;
  readonly #clock: RunClock;
  readonly #book: StreamBook;
  readonly #ids = new EventIds();
  readonly #closed = Promise.withResolvers<void>();
  #connection: OpenConnection | undefined;
  #interruption: { dropped: boolean } | undefined;
  #downSince: number | undefined;
  #lastEventId = '';
  #lastEventAt: number | undefined;
  #retryMs = defaultRetryMs;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(workload: WorkloadOf<'sse'>, client: HttpClient, clock: RunClock, book: StreamBook) {
    this.#workload = workload;
    this.#client = client;
    this.#clock = clock;
    this.#book = book;
    this.#connect();
  }

  /** An open connection is closed at once; one that is being opened first gets its fate. */
  close(): Promise<void> {
    this.#closing = true;
    if (this.#connection === undefined || this.#connection.openedAt !== undefined) this.destroy();
    return this.#closed.promise;
  }

  destroy(): void {
    this.#closing = true;
    this.#noteGap();
    this.#noteDown(this.#clock.now());
    this.#connection?.close();
    this.#over();
  }

  #connect(): void {
    this.#book.begin();
    const connection: OpenConnection = {
      start: this.#clock.now(),
      openedAt: undefined,
      failure: undefined,
      close: () => {},
    };
    this.#connection = connection;
    this.#waitForBytes(connection);
    const parser = new EventParser(
      {
        onEvent: ({ id }) => this.#event(connection, id),
        onRetry: (milliseconds) => {
          this.#retryMs = Math.min(milliseconds, longestRetryMs);
        },
      },
      this.#lastEventId,
    );
    connection.close = this.#client.stream(
      { host: this.#workload.host, path: this.#workload.path, method: 'GET', headers: this.#headers() },
      {
        onHead: (status, contentType) => this.#head(connection, status, contentType),
        onData: (chunk) => {
          // An error page is not waited for longer than silence.
          if (connection.openedAt === undefined) return;
          this.#timer?.refresh();
          parser.push(chunk);
        },
        onEnd: (cause) => this.#ended(connection, cause),
      },
    );
  }

  #headers(): Record<string, string> {
    return {
      accept: 'text/event-stream',
      'cache-control': 'no-store',
      ...(this.#lastEventId !== '' && { 'last-event-id': this.#lastEventId }),
    };
  }

  #waitForBytes(connection: OpenConnection): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      connection.close();
      this.#ended(connection, connection.openedAt === undefined ? 'timeout' : 'silent');
    }, this.#workload.silenceSeconds * 1000);
  }

  #head(connection: OpenConnection, status: number, contentType: string): void {
    if (status === 200 && contentType.startsWith('text/event-stream')) {
      connection.openedAt = this.#clock.now();
      this.#noteDown(connection.openedAt);
      if (this.#closing) this.destroy();
    } else if (status === 204) {
      // The server's way to say: do not come back.
      this.#closing = true;
    } else {
      this.#fail(connection, status === 200 ? 'not-a-stream' : String(status));
    }
  }

  #event(connection: OpenConnection, id: string): void {
    this.#noteGap();
    this.#lastEventAt = this.#clock.now();
    if (id !== '') this.#checkId(connection, id);
    if (this.#interruption?.dropped === false) this.#book.resumed();
    this.#interruption = undefined;
  }

  #checkId(connection: OpenConnection, id: string): void {
    this.#lastEventId = id;
    const step = this.#ids.step(id);
    if (step.kind === 'next') return;
    if (step.kind === 'lost') this.#book.lost(step.count);
    this.#fail(connection, step.kind === 'lost' ? 'lost-events' : 'restarted');
  }

  /** The first thing that goes wrong names the connection's cause; an interruption is one drop, however much goes wrong in it. */
  #fail(connection: OpenConnection, cause: string, at = this.#clock.now()): void {
    connection.failure ??= { cause, at: connection.openedAt === undefined ? connection.start : at };
    if (connection.openedAt === undefined) this.#downSince ??= connection.start;
    this.#interruption ??= { dropped: false };
    if (!this.#interruption.dropped) this.#book.dropped(at);
    this.#interruption.dropped = true;
  }

  #ended(connection: OpenConnection, cause: string | undefined): void {
    if (this.#connection !== connection) return;
    // One instant for both: the outage begins where the connection ends.
    const at = this.#clock.now();
    this.#interruption ??= { dropped: false };
    if (cause !== undefined) {
      this.#fail(connection, cause, at);
      this.#downSince ??= at;
    }
    this.#settle(connection, at);
    if (this.#closing) this.#over();
    else this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
  }

  #settle(connection: OpenConnection, end: number): void {
    clearTimeout(this.#timer);
    this.#connection = undefined;
    this.#book.end({ ...connection, end });
  }

  #over(): void {
    clearTimeout(this.#timer);
    if (this.#connection !== undefined) this.#settle(this.#connection, this.#clock.now());
    this.#closed.resolve();
  }

  #noteDown(end: number): void {
    if (this.#downSince !== undefined) this.#book.down({ start: this.#downSince, end });
    this.#downSince = undefined;
  }

  #noteGap(): void {
    if (this.#lastEventAt !== undefined) this.#book.gap(this.#clock.now() - this.#lastEventAt);
  }
}
