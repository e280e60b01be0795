import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { host, upstream } from '../rig.ts';
import { App } from './app.ts';
import { programNamed } from '../../program-named.ts';
import { EdgeProxy, routes } from './rig.ts';

const run = promisify(execFile);
let folder: string;
let authority: string;
let edge: EdgeProxy;
const apps: App[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clients-'));
  authority = join(folder, 'ca', 'pointsman-ca.pem');
  apps.push(await App.start('a'), await App.start('b'));
  edge = await EdgeProxy.start();
  await serve(0);
});
afterAll(async () => {
  for (const app of apps) app.close();
  await edge.close();
  await rm(folder, { recursive: true, force: true });
});

/** One of the two versions serves from now on. */
const serve = (turn: number): Promise<unknown> => {
  const listener = { kind: 'https', id: 'https', routes, certificates: [], authority: join(folder, 'ca') } as const;
  const app = apps[turn % 2];
  return edge.publish([listener], app === undefined ? [] : [upstream(`${app.name}-${turn}`, app.port)]);
};
const url = (path = '/'): string => `https://${host}:${edge.port('https')}${path}`;
const resolve = (): string[] => ['--resolve', `${host}:${edge.port('https')}:127.0.0.1`];

describe('over https, with the authority trusted', () => {
  it.skipIf(programNamed('curl') === undefined)('curl speaks HTTP/1.1 and HTTP/2', async () => {
    for (const [flag, version] of [
      ['--http1.1', '1.1'],
      ['--http2', '2'],
    ] as const) {
      const flags = ['-sS', '--cacert', authority, ...resolve(), flag, '-w', '\n%{http_version} %{ssl_verify_result}'];
      const { stdout } = await run('curl', [...flags, '-d', 'posted', url('/echo')]);
      expect(stdout).toBe(`posted\n${version} 0`);
      const big = await run('curl', [...flags, '-o', '/dev/null', '-w', '%{size_download}', url('/big')]);
      expect(big.stdout).toBe('5000000');
      await expect(run('curl', [...flags, url('/cut')])).rejects.toMatchObject({ code: version === '2' ? 92 : 18 });
    }
  });

  it.skipIf(programNamed('h2load') === undefined)('h2load loses nothing over a series of switches', async () => {
    const target = [`https://127.0.0.1:${edge.port('https')}/echo`, '-H', `:authority: ${host}`];
    // Who gets how much of the processor is not ours to say: as many rounds as it takes.
    for (let switches = 0; switches <= 5;) {
      const load = run('h2load', ['-n', '3000', '-c', '8', '-m', '16', ...target]);
      const over = load.then(() => true);
      for (let going = true; going; switches += 1) {
        await serve(switches + 1);
        going = !(await Promise.race([over, new Promise<boolean>((done) => void setImmediate(() => done(false)))]));
      }
      const { stdout } = await load;
      expect(stdout).toMatch(/3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout/);
    }
  });

  it("Node's fetch and undici, in both versions", async () => {
    const ca = await readFile(authority);
    for (const allowH2 of [false, true]) {
      const lookup = (
        _name: string,
        _options: object,
        done: (error: null, found: { address: string; family: number }[]) => void,
      ): void => done(null, [{ address: '127.0.0.1', family: 4 }]);
      const agent = new Agent({ connect: { ca, lookup }, allowH2 });
      const { statusCode, body } = await agent.request({
        origin: url('').replace(/\/$/, ''),
        path: '/echo',
        method: 'POST',
        body: 'posted',
      });
      expect([statusCode, await body.text()]).toEqual([200, 'posted']);
      await agent.close();
    }
  });

  it('ws opens a WebSocket', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${edge.port('https')}/ws`, {
      ca: await readFile(authority),
      headers: { Host: host },
    });
    const received: string[] = [];
    await new Promise<void>((done, failed) => {
      socket.on('error', failed);
      socket.on('message', (data) => {
        received.push((data as Buffer).toString());
        if (received.length === 1) socket.send('and back');
        else socket.close(1000);
      });
      socket.on('close', () => done());
    });
    expect(received[0]).toMatch(/^hello from [ab]$/);
    expect(received[1]).toBe('and back');
  });

  it.skipIf(programNamed('python3') === undefined)("Python's http.client, as strict as it can be", async () => {
    const script = `
import http.client, socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
connection = http.client.HTTPSConnection(sys.argv[2], int(sys.argv[3]), context=context)
connection._create_connection = lambda address, *rest: socket.create_connection(('127.0.0.1', address[1]))
for body in (b'one', b'two'):
    connection.request('POST', '/echo', body)
    print(connection.getresponse().read().decode())
`;
    const { stdout } = await run('python3', ['-c', script, authority, host, String(edge.port('https'))]);
    expect(stdout).toBe('one\ntwo\n');
  });
});
