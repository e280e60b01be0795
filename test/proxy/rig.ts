import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DrainPolicy, EdgePolicy, ReplicaId, RouteTable, Upstream } from '../../src/model/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import type { ProxyLink } from '../../src/traffic/index.ts';

export const program = fileURLToPath(new URL('../../src/bin/proxy.ts', import.meta.url));
export const host = 'app.localhost';

/** One for all proxies that tests start: what the first has compiled the others only read. */
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'proxy-tests-compile-cache');

export const edge: EdgePolicy = {
  noUpstream: { status: 502, headers: { 'X-Edge': 'yes' }, body: 'nobody answers {{requestId}}' },
  unknownHost: { status: 404, headers: {}, body: 'unknown host' },
  balance: 'round-robin',
  dial: { attempts: 3, timeoutMs: 1_000 },
  repeat: 'any',
  hold: { seconds: 0, maxRequests: 0 },
};

export const drainPolicy: DrainPolicy = {
  http: 'wait',
  sse: 'end-at-event',
  websocket: 'close-frame',
  timeoutSeconds: 10,
};

export const soon = (): AbortSignal => AbortSignal.timeout(60_000);

export const upstream = (name: string, port: number): Upstream => ({
  id: name as ReplicaId,
  revision: 1,
  address: { host: '127.0.0.1', port },
});

/** A proxy of its own with one pool behind `app.localhost`; ended and removed by `close`. */
export class TestProxy {
  readonly link: ProxyLink;
  readonly stateFolder: string;
  port = 0;
  #generation = 0;

  private constructor(link: ProxyLink, stateFolder: string) {
    this.link = link;
    this.stateFolder = stateFolder;
  }

  static async start(workers = 1): Promise<TestProxy> {
    const stateFolder = await mkdtemp(join(tmpdir(), 'proxy-'));
    const link = await connectProxy({ stateFolder, program, workers, signal: soon() });
    return new TestProxy(link, stateFolder);
  }

  /** Around a proxy that the test has started in its own way. */
  static over(link: ProxyLink, stateFolder: string): TestProxy {
    return new TestProxy(link, stateFolder);
  }

  table(upstreams: readonly Upstream[], changes: Partial<EdgePolicy> = {}): RouteTable {
    this.#generation += 1;
    return {
      generation: this.#generation,
      listeners: [
        { kind: 'http', id: 'http', address: '127.0.0.1', port: 0, routes: [{ host, pathPrefix: '/', pool: 'app' }] },
      ],
      pools: [{ id: 'app', upstreams, edge: { ...edge, ...changes } }],
      names: [],
      unknownHost: edge.unknownHost,
    };
  }

  async publish(upstreams: readonly Upstream[], changes: Partial<EdgePolicy> = {}): Promise<void> {
    const { listeners } = await this.link.publish(this.table(upstreams, changes), soon());
    this.port = listeners[0]?.port ?? 0;
  }

  /** Resolves once the proxy has said that nothing is left on this upstream. */
  drained(name: string): Promise<void> {
    return new Promise((resolve) => {
      this.link.onDraining((counts) => {
        if (counts[name as ReplicaId] === 0) resolve();
      });
    });
  }

  async inFlight(name: string): Promise<number> {
    return (await this.link.inFlight(soon()))[name as ReplicaId] ?? 0;
  }

  client(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  /** Sends one raw request and gives back everything until the connection ends. */
  async exchange(raw: string): Promise<string> {
    const client = await this.client();
    client.send(raw);
    await client.closed;
    return client.received;
  }

  /** One worker reads in the order in which it was sent to: it has read all that came before, connections that ended included. */
  async hasRead(): Promise<void> {
    await this.exchange('GET / HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\n\r\n');
  }

  async close(): Promise<void> {
    await this.link.shutdown(soon());
    await this.remove();
  }

  /** Only its folder, where a test has ended the process itself. */
  async remove(): Promise<void> {
    await rm(this.stateFolder, { recursive: true, force: true });
  }
}

/** Octets to a port and what comes back; latin1, one character per octet. */
export class RawClient {
  received = '';
  /** How the other side ended it. */
  readonly closed: Promise<'ended' | 'reset'>;
  readonly socket: Socket;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once('end', () => resolve('ended'));
      socket.once('error', () => resolve('reset'));
      socket.once('close', () => resolve('reset'));
    });
    void this.closed.then(() => this.#wake());
  }

  /** `localAddress`: whom it pretends to be. */
  static connect(port: number, localAddress = '127.0.0.1'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  send(raw: string): void {
    this.socket.write(raw, 'latin1');
  }

  /** Waits for a text; fails when the connection ends without it. */
  async until(text: string): Promise<void> {
    let ended = false;
    void this.closed.then(() => (ended = true));
    while (!this.received.includes(text)) {
      if (ended) throw new Error(`ended without ${JSON.stringify(text)}: ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const waiting of this.#waiting.splice(0)) waiting();
  }
}

/** An upstream that does what the test says with each raw request it gets. */
export class RawUpstream {
  /** Everything each connection received. */
  readonly received: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  private constructor(respond: (socket: Socket, request: string, connection: number) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = this.received.push('') - 1;
      this.sockets.push(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1');
        this.received[connection] += text;
        this.#wake();
        respond(socket, text, connection);
      });
      socket.on('end', () => this.#wake());
      socket.on('close', () => this.#wake());
    });
  }

  static async start(respond: (socket: Socket, request: string, connection: number) => void): Promise<RawUpstream> {
    const upstreamServer = new RawUpstream(respond);
    await new Promise<void>((resolve) => {
      upstreamServer.#server.listen(0, '127.0.0.1', resolve);
    });
    return upstreamServer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get all(): string {
    return this.received.join('');
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }

  #wake(): void {
    for (const waiting of this.#waiting.splice(0)) waiting();
  }
}

export const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
export const get = (path = '/', more = ''): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
export const closing = 'Connection: close\r\n';

/** Process ids. */
export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid);
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
