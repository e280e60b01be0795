import type { IncomingMessage } from 'node:http';
import { get as secureGet } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatusReport } from '../../src/protocol/index.ts';
import { freePort } from '../free-port.ts';
import { CommandLine, onProcesses, politeProject } from './command-line.ts';

let line: CommandLine;
const manifest = politeProject(['web']);
beforeAll(async () => {
  line = await CommandLine.create(manifest);
  process.env['POINTSMAN_CA_DIR'] = join(line.folder, 'ca');
});
afterAll(async () => {
  delete process.env['POINTSMAN_CA_DIR'];
  await line.remove();
});

const status = (): Promise<StatusReport> => line.json('status');
const host = 'web.polite.localhost';

const secureRelease = async (): Promise<string> => {
  const port = Number((await status()).proxy?.https?.split(':').at(-1));
  const ca = await readFile(join(line.folder, 'ca', 'pointsman-ca.pem'));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    secureGet({ host: '127.0.0.1', port, servername: host, headers: { host }, ca, agent: false }, resolve).on(
      'error',
      reject,
    );
  });
  return String(JSON.parse(Buffer.concat(await response.toArray()).toString()).release);
};

describe('a project with https', () => {
  it('is served under a certificate of the own authority, and up prints where', async () => {
    const { exitCode, stdout, stderr } = await line.run('up', ...onProcesses, '--https', '127.0.0.1:0');
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^web {2}https:\/\/web\.polite\.localhost:\d+$/m);
    expect(stdout).toMatch(/^web {2}http:\/\/web\.polite\.localhost:\d+$/m);
    expect(await secureRelease()).toBe('1');
  });

  it('sends http requests to https when the project says so', async () => {
    await line.write('pointsman.yaml', withSpec(manifest, { tls: { redirect: true } }));
    await line.do('up');
    const { proxy, services } = await status();
    await expect
      .poll(() => headOf(proxy?.http ?? ''))
      .toContain(`Location: https://${host}:${proxy?.https?.split(':').at(-1)}/x?y=1`);
    expect(services[0]?.urls).toEqual([`https://${host}:${proxy?.https?.split(':').at(-1)}`]);
    expect(await secureRelease()).toBe('1');
  });

  it('says where a certificate was named that is of no use, and goes on as before', async () => {
    const tls = { certificates: [{ cert: 'missing.pem', key: 'missing.key' }] };
    await line.write('pointsman.yaml', withSpec(manifest, { tls }));
    const { exitCode, stderr } = await line.run('up');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('missing.pem');
    expect(stderr).toMatch(/pointsman\.yaml:\d+:\d+/);
    expect(await secureRelease()).toBe('1');
    await line.write('pointsman.yaml', withSpec(manifest, { tls: { redirect: true } }));
  });

  it('has a port of its own for a service that wants connections as they are', async () => {
    const port = await freePort();
    await line.write('pointsman.yaml', withSpec(manifest, { tls: { redirect: true } }, { tcp: [{ listen: port }] }));
    await line.do('up');
    // The system chose the public port, so it chooses this one too.
    const listening = await tcpPortOf(line);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(listening, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
      socket.on('error', reject);
      socket.once('data', (chunk) => {
        socket.destroy();
        resolve(chunk.toString());
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.[01] 200/);
  });
});

const withSpec = (text: string, project: object, service: object = {}): string =>
  text
    .replace('spec: { platform: pointsman }', `spec: ${JSON.stringify({ platform: 'pointsman', ...project })}`)
    .replace('  domains:', `  tcp: ${JSON.stringify('tcp' in service ? service.tcp : [])}\n  domains:`);

const headOf = (address: string): Promise<string> =>
  new Promise((resolve) => {
    const [name = '', port] = address.split(':');
    const socket = connect(Number(port), name, () => socket.write(`GET /x?y=1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    socket.on('error', () => resolve('nothing'));
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString());
    });
  });

const tcpPortOf = async ({ folder }: CommandLine): Promise<number> => {
  const text = await readFile(join(folder, '.pointsman', 'proxy', 'table.json'), 'utf8');
  const { listeners } = JSON.parse(text) as { listeners: { id: string; port: number }[] };
  return listeners.find(({ id }) => id.startsWith('tcp/'))?.port ?? 0;
};
