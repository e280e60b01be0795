import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { EdgePolicy, Listener, RequestRecord, RouteTable, Upstream } from '../../../src/model/index.ts';
import { edge, host, soon, TestProxy } from '../rig.ts';

/** A listener without what all of them have here. */
type ListenerOf<Kind extends Listener['kind']> = Omit<Extract<Listener, { kind: Kind }>, 'address' | 'port'>;
export type TestListener = ListenerOf<'http'> | ListenerOf<'https'> | ListenerOf<'redirect'> | ListenerOf<'tcp'>;

export const routes = [{ host, pathPrefix: '/', pool: 'app' }];

/** A proxy with listeners of any kind in front of the pool `app`. */
export class EdgeProxy {
  readonly proxy: TestProxy;
  readonly records: RequestRecord[] = [];
  readonly notices: string[] = [];
  #generation = 0;
  #ports: ReadonlyMap<string, number> = new Map();

  private constructor(proxy: TestProxy) {
    this.proxy = proxy;
    proxy.link.onLedger((batch) => this.records.push(...batch));
    proxy.link.onNotice((message) => this.notices.push(message));
  }

  static async start(workers = 1): Promise<EdgeProxy> {
    return new EdgeProxy(await TestProxy.start(workers));
  }

  table(
    listeners: readonly TestListener[],
    upstreams: readonly Upstream[],
    changes: Partial<EdgePolicy> = {},
  ): RouteTable {
    this.#generation += 1;
    return {
      generation: this.#generation,
      // The port that a listener got is its port from then on.
      listeners: listeners.map((each) => ({ ...each, address: '127.0.0.1', port: this.#ports.get(each.id) ?? 0 })),
      pools: [{ id: 'app', upstreams, edge: { ...edge, ...changes } }],
      names: [],
      unknownHost: edge.unknownHost,
    };
  }

  publish(...table: Parameters<EdgeProxy['table']>): Promise<string | undefined> {
    return this.publishTable(this.table(...table));
  }

  async publishTable(table: RouteTable): Promise<string | undefined> {
    const { listeners, warning } = await this.proxy.link.publish(table, soon());
    this.#ports = new Map(listeners.map(({ id, port }) => [id, port]));
    return warning;
  }

  port(listener: string): number {
    return this.#ports.get(listener) ?? 0;
  }

  close(): Promise<void> {
    return this.proxy.close();
  }
}

/** A TCP server for one test; what it accepted is cut with it. */
export class TcpServer {
  readonly server: Server;
  readonly sockets: Socket[] = [];

  private constructor(serve: (socket: Socket) => void) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => socket.destroy());
      serve(socket);
    });
  }

  static async start(serve: (socket: Socket) => void): Promise<TcpServer> {
    const started = new TcpServer(serve);
    started.server.listen(0, '127.0.0.1');
    await once(started.server, 'listening');
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
