import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { manifestOf } from './manifests.ts';
import { Project } from './project.ts';
import { load } from './traffic.ts';

const host = 'web.sockets.localhost';
const connections = 20;

/** Says its release to each socket that opens and answers what it is told. */
const app = `
import { createServer } from 'node:http';
const { WebSocketServer } = await import(process.env.WS_MODULE);
const server = createServer((_request, response) => response.end('ok'));
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.send(process.env.RELEASE);
  socket.on('message', (data) => socket.send(process.env.RELEASE + ' ' + data));
});
server.listen(Number(process.env.PORT));
process.once('SIGTERM', () => process.exit(0));
`;

const web = {
  source: 'source',
  domains: [host],
  variables: { RELEASE: '1', WS_MODULE: pathToFileURL(resolve('node_modules/ws/wrapper.mjs')).href },
  deploy: {
    startCommand: 'node app.mjs',
    healthcheckPath: '/',
    drainingSeconds: 5,
    strategy: 'rolling',
    numReplicas: 2,
  },
};

/** A client as browsers have them: it comes back whenever its socket closes, and notes how that went. */
class Client {
  readonly closes: number[] = [];
  readonly errors: string[] = [];
  readonly releases: string[] = [];
  readonly #url: string;
  #socket: WebSocket | undefined;
  #stopped = false;
  #heard = Promise.withResolvers<void>();

  constructor(url: string) {
    this.#url = url;
    this.#open();
  }

  /** Once it has heard from that release. */
  async hears(release: string): Promise<void> {
    while (this.releases.at(-1) !== release) await this.#heard.promise;
  }

  /** What comes back to a question. */
  async asks(question: string): Promise<string> {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('not open');
    const { promise, resolve: answered } = Promise.withResolvers<string>();
    socket.once('message', (data: Buffer) => answered(data.toString()));
    socket.send(question);
    return promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #open(): void {
    const socket = new WebSocket(this.#url, { headers: { host } });
    socket.once('message', (data: Buffer) => {
      this.releases.push(data.toString());
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    });
    socket.on('error', (error) => this.#stopped || this.errors.push(error.message));
    socket.once('close', (code) => {
      if (this.#stopped) return;
      this.closes.push(code);
      this.#open();
    });
    this.#socket = socket;
  }
}

test(`${connections} WebSockets through a deploy: each is closed with 1012 and comes back to the new version`, async () => {
  const project = await Project.create('process', manifestOf('sockets', { web }));
  const clients: Client[] = [];
  try {
    await project.write('source/app.mjs', app);
    await project.up();
    const url = await project.url();
    const calls = await load(url, host, 100);
    try {
      for (let count = 0; count < connections; count += 1) clients.push(new Client(url.replace('http:', 'ws:')));
      await Promise.all(clients.map((client) => client.hears('1')));
      await project.deploy('web', '--variable', 'RELEASE=2');
      await Promise.all(clients.map((client) => client.hears('2')));
      await project.settled('web');
      expect(clients.flatMap(({ errors }) => errors)).toEqual([]);
      // Service Restart, and nothing else; whoever came back to an old replica of a rolling deploy hears it once more.
      expect([...new Set(clients.flatMap(({ closes }) => closes))]).toEqual([1012]);
      expect(await Promise.all(clients.map((client) => client.asks('still there?')))).toEqual(
        clients.map(() => '2 still there?'),
      );
    } finally {
      expect(await calls.stop()).toMatchObject({ failed: 0, failures: {} });
    }
  } finally {
    for (const client of clients) client.stop();
    await project.remove();
  }
});
