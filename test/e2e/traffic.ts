import type { ClientRequest } from 'node:http';
import { Agent, request } from 'node:http';
import { startLoad } from '../../bench/deploy/load.ts';
import type { Load } from '../../bench/deploy/load.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

/** One request to a host behind the proxy. */
export const ask = (url: string, host: string): Promise<Answer> => askWith(url, { host });

export const askWith = (url: string, headers: Readonly<Record<string, string>>): Promise<Answer> =>
  new Promise((done, failed) => {
    const outgoing = request(url, { headers, agent: new Agent(), timeout: 60_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', failed);
      response.once('end', () =>
        done({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          cookies: response.headers['set-cookie'] ?? [],
        }),
      );
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer from ${headers['host']} in 60 s`)));
    outgoing.once('error', failed);
    outgoing.end();
  });

/** So many requests a second, each on its time, from a process of its own. */
export const load = (url: string, host: string, rate: number): Promise<Load> =>
  startLoad({ url, host, rate, release: 'none' });

/** Calls that each take so long, a new one a few times a second; returns what became of them. */
export const slowCalls = (url: string, host: string, everyMs: number) => {
  const calls: Promise<string>[] = [];
  const call = (): Promise<string> =>
    ask(url, host).then(
      ({ status }) => String(status),
      (error: Error) => error.message,
    );
  const timer = setInterval(() => calls.push(call()), everyMs);
  return {
    stop: async (): Promise<{ readonly sent: number; readonly failed: readonly string[] }> => {
      clearInterval(timer);
      const outcomes = await Promise.all(calls);
      return { sent: outcomes.length, failed: outcomes.filter((outcome) => outcome !== '200') };
    },
  };
};

/**
 * A client of an event stream whose ids are consecutive: comes back with the last id when the stream ends, and notes
 * each end that was no clean one and each id that it missed.
 */
export class EventStream {
  readonly #url: string;
  readonly #host: string;
  readonly #opened = Promise.withResolvers<void>();
  #current: ClientRequest | undefined;
  #lastId = 0;
  #stopped = false;
  readonly result = { events: 0, lost: 0, unclean: 0, resumed: 0 };

  constructor(url: string, host: string) {
    this.#url = url;
    this.#host = host;
    this.#open();
  }

  /** The first event has come. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#current?.destroy();
  }

  #open(): void {
    const headers = {
      host: this.#host,
      accept: 'text/event-stream',
      ...(this.#lastId > 0 && { 'last-event-id': String(this.#lastId) }),
    };
    const outgoing = request(this.#url, { headers, agent: new Agent() }, (response) => {
      if (response.statusCode !== 200) this.result.unclean += 1;
      response.setEncoding('utf8');
      response.on('data', (text: string) => this.#read(text));
      response.once('error', () => undefined); // what it means is seen at the close
      response.once('close', () => this.#again(response.complete));
    });
    outgoing.once('error', () => this.#again(false));
    outgoing.end();
    this.#current = outgoing;
  }

  #read(text: string): void {
    for (const [, id] of text.matchAll(/^id: (\d+)$/gm)) {
      if (this.#lastId > 0) this.result.lost += Math.max(0, Number(id) - this.#lastId - 1);
      this.#lastId = Number(id);
      this.result.events += 1;
    }
    if (this.result.events > 0) this.#opened.resolve();
  }

  #again(wasClean: boolean): void {
    if (this.#stopped) return;
    if (!wasClean) this.result.unclean += 1;
    this.result.resumed += 1;
    setTimeout(() => {
      if (!this.#stopped) this.#open();
    }, 50);
  }
}
