import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from './command-line.ts';

let folder: string;
let line: CommandLine;
const app = createServer((_request, response) => response.end('from the app'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-edges-'));
  process.env['POINTSMAN_CA_DIR'] = join(folder, 'ca');
  line = await CommandLine.create();
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
});
afterEach(async () => {
  delete process.env['POINTSMAN_CA_DIR'];
  app.close();
  await line.remove();
  await rm(folder, { recursive: true, force: true });
});

it('the proxy alone serves https and hands connections on', async () => {
  const target = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const flags = ['--https', '127.0.0.1:0', '--route', `app.localhost=${target}`, '--tcp', `127.0.0.1:0=${target}`];
  const proxy = line.start('proxy', 'run', ...flags);
  let said = '';
  proxy.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said.match(/listening on/g)?.length).toBe(2);
  const [secure = 0, tcp = 0] = [...said.matchAll(/:(\d+)$/gm)].map(([, port]) => Number(port));
  expect(await overTls(secure)).toBe('from the app');
  expect(await overTcp(tcp)).toContain('from the app');
  proxy.kill('SIGINT');
  expect((await proxy).exitCode).toBe(130);
});

it('it says what is wrong with a certificate', async () => {
  const flags = ['--https', '127.0.0.1:0', '--route', 'a=127.0.0.1:1', '--certificate', 'none.pem,none.key'];
  const { exitCode, stderr } = await line.run('proxy', 'run', ...flags);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('none.pem');
});

const overTls = async (port: number): Promise<string> => {
  const ca = await readFile(join(folder, 'ca', 'pointsman-ca.pem'));
  const asked = request({
    host: '127.0.0.1',
    port,
    servername: 'app.localhost',
    headers: { host: 'app.localhost' },
    ca,
    agent: false,
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return body;
};

const overTcp = async (port: number): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.0\r\n\r\n');
  let received = '';
  for await (const chunk of socket) received += String(chunk);
  return received;
};
