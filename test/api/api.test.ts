import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApi } from '../../src/api/index.ts';
import type { Api } from '../../src/api/index.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { ErrorReport } from '../../src/model/index.ts';
import { alone, event, SmallControl } from './small-control.ts';

/** What the answers of these tests may hold. */
interface Value {
  readonly error: ErrorReport;
  readonly result: string;
  readonly sequence: number;
}
interface Answer {
  readonly status: number;
  readonly body: Value;
}

let folder: string;
let socketPath: string;
let control: SmallControl;
let api: Api | undefined;
const life = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-api-'));
  socketPath = join(folder, 'supervisor.sock');
  control = new SmallControl();
});

afterEach(async () => {
  await api?.destroy();
  api = undefined;
  await rm(folder, { recursive: true, force: true });
});

const start = async (heartbeatSeconds = 15): Promise<Api> => {
  api = await startApi({ control: alone(control), socketPath, signal: life.signal, heartbeatSeconds });
  return api;
};

const open = async (method: string, path: string, body?: unknown): Promise<IncomingMessage> => {
  const headers = { 'content-type': 'application/json' };
  const outgoing = request({ socketPath, method, path, headers, agent: false });
  outgoing.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
};

const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const response = await open(method, path, body);
  const chunks = await response.toArray();
  return { status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) };
};

describe('the socket', () => {
  it('can be used by its owner only', async () => {
    await start();
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  });

  it('takes the place of one that nobody answers on', async () => {
    await writeFile(socketPath, '');
    await start();
    expect((await ask('GET', '/v1/status')).body).toEqual({ project: 'small' });
  });

  it('never takes the place of a living one', async () => {
    const other = createServer().listen(socketPath);
    await once(other, 'listening');
    await expect(start()).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING' });
    expect(other.listening).toBe(true);
    other.close();
  });

  it('refuses a path that no system could bind, and says what to do', async () => {
    socketPath = join(folder, 'x'.repeat(120));
    await expect(start()).rejects.toMatchObject({ code: 'USAGE', fix: expect.stringContaining('--state-dir') });
  });

  it('is gone after close, which may be called twice', async () => {
    const started = await start();
    await Promise.all([started.close(), started.close()]);
    await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('questions and commands', () => {
  it('hands each to the control with defaults filled in', async () => {
    await start();
    await ask('POST', '/v1/apply');
    await ask('POST', '/v1/deploy', { services: ['web'] });
    await ask('POST', '/v1/rollback', { service: 'web', revision: 2 });
    await ask('POST', '/v1/promote', { service: 'web', full: true });
    await ask('POST', '/v1/abort', { service: 'web' });
    await ask('POST', '/v1/pause', { service: 'web' });
    await ask('POST', '/v1/resume', { service: 'web' });
    await ask('POST', '/v1/scale', { service: 'web', replicas: 0 });
    await ask('POST', '/v1/down', { volumes: true });
    await ask('POST', '/v1/shutdown');
    expect(control.asked).toEqual([
      { what: 'apply', request: {} },
      { what: 'deploy', request: { services: ['web'], variables: {} } },
      { what: 'rollback', request: { service: 'web', revision: 2 } },
      { what: 'promote', request: { service: 'web', full: true } },
      { what: 'abort', request: { service: 'web' } },
      { what: 'pause', request: { service: 'web' } },
      { what: 'resume', request: { service: 'web' } },
      { what: 'scale', request: { service: 'web', replicas: 0 } },
      { what: 'down', request: { volumes: true } },
      { what: 'shutdown', request: {} },
    ]);
  });

  it('refuses what it does not understand, every problem at once, and asks the control nothing', async () => {
    await start();
    const answer = await ask('POST', '/v1/scale', { service: '', replicas: -1, replica: 3 });
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe('USAGE');
    expect(answer.body.error.problems).toHaveLength(3);
    expect((await ask('POST', '/v1/deploy', '{"services": [')).body.error.message).toContain('not JSON');
    expect((await ask('GET', '/v1/explain')).status).toBe(400);
    expect(control.asked).toEqual([]);
  });

  it('says so when there is no such endpoint', async () => {
    await start();
    expect(await ask('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { error: { code: 'USAGE' } } });
  });

  it.each([
    ['MANIFEST_INVALID', 400],
    ['SERVICE_UNKNOWN', 404],
    ['REVISION_UNKNOWN', 404],
    ['ROLLOUT_FAILED', 409],
    ['ENGINE_UNREACHABLE', 503],
  ] as const)('answers %s with %i and the whole error', async (code, status) => {
    await start();
    const where = { file: '/p/pointsman.yaml', line: 3, column: 5 };
    control.failure = new PointsmanError(code, { message: 'what', fix: 'do', where, output: ['line'] });
    expect(await ask('POST', '/v1/deploy', {})).toEqual({
      status,
      body: { error: { code, message: 'what', fix: 'do', where, output: ['line'] } },
    });
  });

  it('answers a defect of ours with 500 and its message', async () => {
    await start();
    control.failure = new Error('oops');
    expect(await ask('GET', '/v1/status')).toEqual({
      status: 500,
      body: { error: { code: 'INTERNAL', message: 'oops' } },
    });
  });

  it('ends a question whose asker went away', async () => {
    await start();
    const outgoing = request({ socketPath, method: 'POST', path: '/v1/exec', agent: false });
    outgoing.on('error', () => {});
    outgoing.end(JSON.stringify({ service: 'web', command: ['sleep', '100'] }));
    await expect.poll(() => control.asked).toHaveLength(1);
    outgoing.destroy();
    await expect.poll(() => control.stopped).toEqual(['exec']);
  });
});

describe('streams', () => {
  it('sends one JSON value per event and ends where the source ends', async () => {
    await start();
    const response = await open('GET', '/v1/deploys/d1/stream');
    expect(response.headers['content-type']).toBe('text/event-stream');
    const reports = valuesOf(Buffer.concat(await response.toArray()).toString());
    expect(reports.map((report) => report.result)).toEqual(['running', 'completed']);
  });

  it('answers an unknown deploy with 404, not with a stream', async () => {
    await start();
    expect((await ask('GET', '/v1/deploys/d2/stream')).body.error.code).toBe('DEPLOY_UNKNOWN');
  });

  it('says in the stream what ended it', async () => {
    await start();
    const response = await open('GET', '/v1/logs?service=wbe');
    const text = Buffer.concat(await response.toArray()).toString();
    expect(text).toMatch(/^event: error\ndata: /m);
    expect(valuesOf(text)[0]?.error.code).toBe('SERVICE_UNKNOWN');
  });

  it('sends heartbeats while nothing happens', async () => {
    await start(0.02);
    const response = await open('GET', '/v1/events?follow=true');
    const [chunk] = (await once(response, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^(: still here\n\n)+$/);
    response.destroy();
  });

  it('ends the source as soon as the client went away', async () => {
    await start();
    const response = await open('GET', '/v1/events?follow=true');
    control.feed.push(event(1));
    await once(response, 'data');
    response.destroy();
    await expect.poll(() => control.stopped).toEqual(['events']);
  });

  it('loses nothing to a client that reads slowly', async () => {
    await start();
    const response = await open('GET', '/v1/events?follow=true');
    for (let sequence = 1; sequence <= 5000; sequence += 1) control.feed.push(event(sequence));
    control.feed.end();
    const values = valuesOf(Buffer.concat(await response.toArray()).toString());
    expect(values.map((value) => value.sequence)).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
  });

  it('ends its streams when it closes', async () => {
    const started = await start();
    const response = await open('GET', '/v1/events?follow=true');
    response.resume();
    const ended = once(response, 'end');
    await started.close();
    await ended;
    expect(control.stopped).toEqual(['events']);
  });
});

const valuesOf = (text: string): Value[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as Value);
