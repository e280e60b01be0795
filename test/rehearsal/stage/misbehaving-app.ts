import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How plain requests are answered from now on. */
export type Behaviour = 'ok' | 'status-502' | 'status-404' | 'redirect' | 'reset' | 'truncate' | 'short-body' | 'hang';

/** A real server that does wrong on cue: plain requests, a stream of events with ids 1, 2, 3, …, and jobs. */
export class MisbehavingApp {
  behaviour: Behaviour = 'ok';
  /** What a stream's first answer is, instead of a stream. */
  streamStatus = 200;
  streamType = 'text/event-stream';
  resumes = true;
  jobsEnd: 'done' | 'failed' | 'never' = 'done';
  requests = 0;
  connections = 0;
  lastPost: { readonly body: string; readonly mark: unknown } | undefined;
  lastEventIds: (string | undefined)[] = [];
  hosts = new Set<string>();
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #jobs = new Map<string, string>();
  #nextEvent = 1;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  static async start(): Promise<MisbehavingApp> {
    const app = new MisbehavingApp();
    app.#server.listen(0, '127.0.0.1');
    await once(app.#server, 'listening');
    return app;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** One more event on every open stream. */
  emit(): void {
    const id = this.#nextEvent;
    this.#nextEvent += 1;
    for (const stream of this.#streams) this.#write(stream, id);
  }

  /** Events that no stream gets. */
  skip(count: number): void {
    this.#nextEvent += count;
  }

  comment(): void {
    for (const stream of this.#streams) stream.write(': still here\n\n');
  }

  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    this.hosts.add(request.headers.host ?? '');
    const path = new URL(request.url ?? '/', 'http://app').pathname;
    if (path === '/events') return this.#openStream(request, response);
    if (this.behaviour !== 'ok') return this.#misbehave(request, response);
    if (request.method === 'POST' && path === '/jobs') return void this.#enqueue(request, response);
    if (path.startsWith('/jobs/')) return this.#status(path.slice('/jobs/'.length), response);
    response.end('fine');
  }

  #misbehave(request: IncomingMessage, response: ServerResponse): void {
    switch (this.behaviour) {
      case 'ok':
      case 'hang':
        return;
      case 'status-502':
        response.writeHead(502).end('bad gateway');
        return;
      case 'status-404':
        response.writeHead(404).end('nothing here');
        return;
      case 'redirect':
        response.writeHead(302, { location: '/elsewhere' }).end();
        return;
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'truncate':
        response.write('half of it');
        setImmediate(() => request.socket.destroy());
        return;
      case 'short-body':
        response.writeHead(200, { 'content-length': '1000' }).write('too short');
        setImmediate(() => request.socket.end());
    }
  }

  #openStream(request: IncomingMessage, response: ServerResponse): void {
    const last = request.headers['last-event-id'];
    this.lastEventIds.push(typeof last === 'string' ? last : undefined);
    if (this.streamStatus !== 200) {
      response.writeHead(this.streamStatus).end('no stream');
      return;
    }
    response.writeHead(200, { 'content-type': this.streamType });
    response.write('retry: 20\n\n');
    const from = this.resumes && typeof last === 'string' ? Number(last) + 1 : this.#nextEvent;
    for (let id = from; id < this.#nextEvent; id += 1) this.#write(response, id);
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }

  #write(stream: ServerResponse, id: number): void {
    stream.write(`id: ${id}\ndata: {"n": ${id}}\n\n`);
  }

  async #enqueue(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.lastPost = { body: await text(request), mark: request.headers['x-a'] };
    const id = String(this.#jobs.size + 1);
    this.#jobs.set(id, this.jobsEnd === 'never' ? 'processing' : this.jobsEnd);
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id: Number(id) }));
  }

  #status(id: string, response: ServerResponse): void {
    const status = this.#jobs.get(id);
    response.writeHead(status === undefined ? 404 : 200).end(JSON.stringify({ id, status }));
  }
}

/** Waits for what a condition says, by looking again each turn of the event loop; fails after a minute. */
export const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited a minute for ${condition.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
};
