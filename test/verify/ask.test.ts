import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/index.ts';
import type { Address, Question } from '../../src/model/index.ts';
import { createAsk, runCheck } from '../../src/verify/index.ts';
import type { Ask, CheckTarget, Finding } from '../../src/verify/index.ts';
import { replica, serve } from '../health/replica.ts';

async function* nothingWritten(): AsyncGenerator<{ readonly text: string }> {}

const askOf = (more: Partial<Parameters<typeof createAsk>[0]> = {}): Ask =>
  createAsk({
    clock: systemClock,
    exec: () => Promise.reject(new Error('no exec here')),
    lines: nothingWritten,
    ...more,
  });

const at = (address: Address | undefined): CheckTarget => ({
  kind: 'replica',
  id: replica(0),
  address,
  host: undefined,
});

const put = (question: Question, target: CheckTarget, ask = askOf(), timeoutSeconds = 30): Promise<Finding> =>
  ask(question, target, { timeoutSeconds, signal: AbortSignal.timeout(60_000) });

const http = (more: Partial<Extract<Question, { kind: 'http' }>> = {}): Question => ({
  kind: 'http',
  method: 'GET',
  path: '/healthcheck',
  headers: {},
  status: 200,
  json: {},
  ...more,
});

describe('an http question', () => {
  const app: RequestListener = (request, response) => {
    response.statusCode = request.url === '/broken' ? 500 : 200;
    response.end(JSON.stringify({ status: 'ok', host: request.headers.host, tools: [{ name: 'plan_create' }] }));
  };

  it.each([
    ['the status alone', http()],
    ['another status', http({ path: '/broken', status: 500 })],
    ['a text in the body', http({ contains: 'plan_create' })],
    ['values in the JSON', http({ json: { status: 'ok', 'tools.0.name': 'plan_create', 'tools.length': 1 } })],
    ['a host of its own', http({ host: 'mcp.localhost', json: { host: 'mcp.localhost' } })],
  ])('is answered well by %s', async (_what, question) => {
    expect(await put(question, at(await serve(app)))).toMatchObject({ ok: true });
  });

  it.each([
    [http({ path: '/broken' }), 'GET /broken answered 500, wanted 200: {"status":"ok"'],
    [http({ contains: 'plan_delete' }), 'GET /healthcheck answered 200 without "plan_delete"'],
    [http({ json: { status: 'degraded' } }), 'answered 200, but status is "ok", wanted "degraded"'],
    [http({ json: { database: 'ok' } }), 'but database is missing, wanted "ok"'],
  ])('that is answered otherwise says how', async (question, words) => {
    const finding = await put(question, at(await serve(app)));
    expect(finding).toMatchObject({ ok: false, words: expect.stringContaining(words) });
  });

  it('says so when the answer is no JSON, and when nobody answers', async () => {
    const plain = await serve((_request, response) => response.end('fine'));
    expect((await put(http({ json: { status: 'ok' } }), at(plain))).words).toContain('is not JSON');
    expect((await put(http(), at({ host: '127.0.0.1', port: 1 }))).words).toContain('connection refused');
    expect((await put(http(), at(undefined))).words).toContain('no address');
  });

  it('does not outlast its time', async () => {
    const silent = await serve(() => undefined);
    expect(await put(http(), at(silent), askOf(), 0.2)).toEqual({ ok: false, words: 'no answer within 0.2 s' });
  });
});

describe('an sse question', () => {
  const stream = (text: string, end = false) =>
    serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text);
      if (end) response.end();
    });
  const sse = (more: Partial<Extract<Question, { kind: 'sse' }>> = {}): Question => ({
    kind: 'sse',
    path: '/sse/plan/1',
    ...more,
  });

  it('is answered by a heartbeat, by any event, or by the one it asks for', async () => {
    expect(await put(sse(), at(await stream(': heartbeat\n\n')))).toMatchObject({ ok: true });
    expect(await put(sse(), at(await stream('retry: 5000\n\nid: 1\ndata: {}\n\n')))).toMatchObject({ ok: true });
    const progress = await stream(': hello\n\nevent: hello\ndata: x\n\nevent: progress\ndata: {"step": 3}\n\n');
    const finding = await put(sse({ event: 'progress', contains: '"step": 3' }), at(progress));
    expect(finding).toEqual({ ok: true, words: 'the stream /sse/plan/1 sent progress' });
  });

  it('is not answered by another page, by an end, or by silence', async () => {
    const page = await serve((_request, response) => response.end('<html>'));
    expect((await put(sse(), at(page))).words).toContain('no event stream');
    expect((await put(sse({ event: 'progress' }), at(await stream(': beat\n\n', true)))).words).toContain('ended');
    expect(await put(sse(), at(await stream('')), askOf(), 0.2)).toMatchObject({ ok: false });
  });
});

describe('questions to a replica', () => {
  it('tcp: whether it accepts connections', async () => {
    const address = await serve(() => undefined);
    expect(await put({ kind: 'tcp' }, at(address))).toMatchObject({ ok: true });
    expect(await put({ kind: 'tcp', port: 1 }, at(address))).toMatchObject({ ok: false });
  });

  it('exec: exit code and what it prints', async () => {
    const printing = (exitCode: number) => askOf({ exec: async () => ({ exitCode, output: 'one\n0 tasks\n' }) });
    const question = { kind: 'exec', command: ['count-tasks', '--stuck'] } as const;
    expect(await put(question, at(undefined), printing(0))).toEqual({
      ok: true,
      words: '`count-tasks --stuck` exited with 0: 0 tasks',
    });
    expect((await put(question, at(undefined), printing(3))).words).toContain('exited with 3: 0 tasks');
    const finding = await put({ ...question, contains: '5 tasks' }, at(undefined), printing(0));
    expect(finding.words).toContain('did not print "5 tasks"');
  });

  it('log: a line of its output', async () => {
    async function* lines() {
      yield { text: 'booting' };
      yield { text: 'celery@worker ready.' };
    }
    const ask = askOf({ lines });
    expect(await put({ kind: 'log', contains: 'ready' }, at(undefined), ask)).toMatchObject({ ok: true });
    expect(await put({ kind: 'log', contains: 'beat' }, at(undefined), ask)).toMatchObject({ ok: false });
  });
});

describe('a check', () => {
  const check = { name: 'health', through: 'replicas', everySeconds: 5, question: http() } as const;

  it('is tried again until everybody gives the wanted answer', async () => {
    const answers = { first: 0 };
    const healing = await serve((_request, response) => {
      answers.first += 1;
      response.statusCode = answers.first === 1 ? 503 : 200;
      response.end();
    });
    const well = await serve((_request, response) => response.end());
    const targets = async () => [at(well), at(healing)];
    const parts = { clock: systemClock, ask: askOf(), targets };
    const finding = await runCheck({ ...check, withinSeconds: 60 }, parts, AbortSignal.timeout(60_000));
    expect(finding).toMatchObject({ ok: true });
    expect(answers.first).toBe(2);
  });

  it('that never succeeds ends with what was seen last, and where', async () => {
    const ill = await serve((_request, response) => response.writeHead(503).end('no database'));
    const parts = { clock: systemClock, ask: askOf(), targets: async () => [at(ill)] };
    const finding = await runCheck({ ...check, withinSeconds: 3 }, parts, AbortSignal.timeout(60_000));
    expect(finding).toEqual({
      ok: false,
      words: `GET /healthcheck answered 503, wanted 200: no database at ${replica(0)}`,
    });
  });

  it('fails where nobody serves', async () => {
    const parts = { clock: systemClock, ask: askOf(), targets: async () => [] };
    const finding = await runCheck({ ...check, withinSeconds: 1 }, parts, AbortSignal.timeout(60_000));
    expect(finding).toEqual({ ok: false, words: 'no replica serves that could be asked' });
  });
});
