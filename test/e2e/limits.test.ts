import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';

const host = 'web.limits.localhost';
const manifest = (bodyBytes: number): string =>
  manifestOf('limits', { web: politeSpec(host, { requestLimits: { bodyBytes } }) }).replace(
    '"buildArgs"',
    '"clientLimits": { "connectionsPerAddress": 2 },\n "buildArgs"',
  );

const running: { project?: Project; metrics?: string } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

beforeAll(async () => {
  running.project = await Project.create('process', manifest(10));
  running.metrics = `127.0.0.1:${await freePort()}`;
  await project().up('--metrics', running.metrics);
});
afterAll(() => running.project?.remove());

const post = async (body: string): Promise<number> => {
  const { proxy } = await project().status();
  const answer = await exchange(
    proxy?.http ?? '',
    `POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return Number(answer.split(' ')[1]);
};

/** What comes back until the connection ends. */
const exchange = (address: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: Number(address.split(':').at(-1)) });
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
    socket.write(text);
  });

test('a manifest limits what a request may bring; another limit needs no new version', async () => {
  expect(await post('0123456789')).toBe(200);
  expect(await post('0123456789x')).toBe(413);
  const [before] = await project().replicas();
  await project().write('pointsman.yaml', manifest(20));
  await project().up('--metrics', running.metrics ?? '');
  await expect.poll(() => post('0123456789x'), { timeout: 20_000 }).toBe(200);
  expect((await project().replicas())[0]).toBe(before);
});

test('a manifest limits how many connections an address may have', async () => {
  const { proxy } = await project().status();
  const port = Number(proxy?.http.split(':').at(-1));
  const open = [1, 2].map(() => connect({ host: '127.0.0.1', port }));
  for (const socket of open) await new Promise((resolve) => socket.once('connect', resolve));
  expect(await exchange(proxy?.http ?? '', `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toBe('');
  for (const socket of open) socket.destroy();
  await expect.poll(() => post('free again'), { timeout: 20_000 }).toBe(200);
});

test('up --metrics has the proxy say what it did', async () => {
  const text = async (): Promise<string> => (await fetch(`http://${running.metrics}/metrics`)).text();
  await expect
    .poll(text, { timeout: 20_000 })
    .toMatch(
      /^pointsman_proxy_requests_total\{pool="limits-\d+\/production\/web",revision="1",route="[^"]+",outcome="ok",status="200"\} \d/m,
    );
  expect(await text()).toContain('outcome="too-large",status="413"} 1');
});
