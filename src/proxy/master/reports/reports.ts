import type { Server } from 'node:http';
import { once } from 'node:events';
import { nodeHttp } from '../../../lib/index.ts';
import type { Address, ProxyReports } from '../../../model/index.ts';
import { isReadable, recordsIn } from '../../../protocol/index.ts';
import type { RecordBatch } from '../../../protocol/index.ts';
import type { Refusals } from '../../messages.ts';
import { AccessLog } from './access-log.ts';
import { Metrics } from './metrics.ts';
import type { Gauge } from './metrics.ts';

export interface ReportsOptions {
  /** What is known of the present moment. */
  readonly gauges: () => Promise<readonly Gauge[]>;
  /** Whether records are wanted may be different now. */
  readonly changed: () => void;
}

interface MetricsServer {
  readonly address: Address;
  readonly server: Server;
}

/** What the proxy tells others than its supervisor: metrics on an address, a line per request in a file. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #metrics = new Metrics();
  #server: MetricsServer | undefined;
  #log: AccessLog | undefined;
  /** Opened for a table that does not serve yet. */
  #nextServer: MetricsServer | undefined;
  #nextLog: AccessLog | undefined;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** Who asked, for what host. */
  get wantClients(): boolean {
    return this.#log !== undefined;
  }

  get wantRecords(): boolean {
    return this.#server !== undefined || this.#log !== undefined;
  }

  /** Opens what is not open yet; throws the system's error, and then nothing has changed. */
  async prepare({ metrics, accessLog }: ProxyReports): Promise<void> {
    const hasServer = metrics === undefined || isSame(this.#server?.address, metrics);
    const hasLog = accessLog === undefined || this.#log?.path === accessLog;
    this.#nextServer = hasServer ? undefined : await this.#listen(metrics);
    try {
      this.#nextLog = hasLog ? undefined : await openLog(accessLog);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  abandon(): void {
    this.#nextServer?.server.close();
    this.#nextServer = undefined;
    void this.#nextLog?.close();
    this.#nextLog = undefined;
  }

  /** What was prepared takes the place of what is not wanted any more. */
  serve({ metrics, accessLog }: ProxyReports): void {
    if (this.#nextServer !== undefined || metrics === undefined) {
      this.#closeServer();
      this.#server = this.#nextServer;
    }
    if (this.#nextLog !== undefined || accessLog === undefined) {
      void this.#log?.close();
      this.#log = this.#nextLog;
    }
    this.#nextServer = undefined;
    this.#nextLog = undefined;
    this.#options.changed();
  }

  /** Only who asked for them pays for taking records apart. */
  take(batch: RecordBatch, dropped: number, refusals: Refusals): void {
    if (!this.wantRecords) return;
    const metrics = this.#server === undefined ? undefined : this.#metrics;
    // Workers may be of a newer release than we are.
    const lost = isReadable(batch) ? dropped : dropped + batch.count;
    metrics?.note(lost, refusals);
    for (const record of isReadable(batch) ? recordsIn(batch) : []) {
      metrics?.count(record);
      this.#log?.add(record);
    }
    this.#log?.flush(lost);
  }

  reopenLog(): void {
    this.#log?.reopen();
  }

  async close(): Promise<void> {
    this.#closeServer();
    await this.#log?.close();
  }

  async #listen(address: Address): Promise<MetricsServer> {
    // Only who wants metrics carries the weight of an HTTP server in the master.
    const server = nodeHttp().createServer((request, response) => {
      if (request.url?.split('?')[0] !== '/metrics') {
        response.writeHead(404).end('metrics are at /metrics\n');
        return;
      }
      void this.#options.gauges().then((gauges) => {
        response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
        response.end(this.#metrics.text(gauges));
      });
    });
    server.listen(address.port, address.host);
    await once(server, 'listening');
    return { address, server };
  }

  #closeServer(): void {
    this.#server?.server.close();
    this.#server?.server.closeAllConnections();
  }
}

const openLog = async (path: string): Promise<AccessLog> => {
  const log = new AccessLog(path);
  await log.open();
  return log;
};

const isSame = (left: Address | undefined, right: Address): boolean =>
  left?.host === right.host && left.port === right.port;
