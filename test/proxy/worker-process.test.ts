import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerProcess } from '../../src/proxy/master/worker-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A worker that works so long at each answer. Its first message says that it has started. */
const start = async (workMs: number, answerMs: number): Promise<WorkerProcess> => {
  const program = join(folder, `works-${workMs}.mjs`);
  await writeFile(
    program,
    `const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
    const work = () => { for (const before = used(); used() - before < ${workMs}; ); };
    process.on('message', ({ call }) => { work(); process.send({ kind: 'answer', call, result: { kind: 'done' } }); });
    process.on('disconnect', () => process.exit());
    process.send({ kind: 'counts', counts: {} });`,
  );
  const started = Promise.withResolvers<void>();
  const worker = new WorkerProcess({ program, count: 1, answerMs }, () => started.resolve());
  await started.promise;
  return worker;
};

const ask = (worker: WorkerProcess) => worker.call({ call: { kind: 'in-flight' } });

describe('a worker that owes an answer', () => {
  it('is ended when it loops', async () => {
    const worker = await start(1e9, 300);
    expect(await ask(worker)).toBeUndefined();
    expect(await worker.ended).toBe('SIGKILL');
  });

  it('is ended when it has stopped', async () => {
    const worker = await start(0, 300);
    process.kill(worker.id, 'SIGSTOP');
    expect(await ask(worker)).toBeUndefined();
    expect(await worker.ended).toBe('SIGKILL');
  });

  it.runIf(process.platform === 'linux')('gets all the time that others take from it', async () => {
    const worker = await start(40, 400);
    setPriority(worker.id, 12);
    const others = await Promise.all(Array.from({ length: 2 * availableParallelism() }, busy));
    try {
      expect(await ask(worker)).toEqual({ kind: 'done' });
    } finally {
      for (const other of others) other.kill('SIGKILL');
      worker.kill();
      await worker.ended;
    }
  });
});

it('a worker that the system does not start has ended, and owes nobody an answer', async () => {
  const { execPath } = process;
  process.execPath = join(folder, 'no-such-node');
  try {
    const worker = new WorkerProcess({ program: 'none.mjs', count: 1, answerMs: 60_000 }, () => undefined);
    expect(await ask(worker)).toBeUndefined();
    expect(await worker.ended).toMatch(/^exit code -/);
    expect(await worker.finished).toBe(0);
  } finally {
    process.execPath = execPath;
  }
});

it.runIf(process.platform === 'linux')(
  'a worker whose start the system refuses on the spot has ended as well',
  async () => {
    // Longer than any variable may be: Node throws E2BIG, as it does ENOMEM, where it tells of others by an event.
    process.env['TOO_LONG'] = 'x'.repeat(200_000);
    try {
      const worker = new WorkerProcess({ program: 'none.mjs', count: 1, answerMs: 60_000 }, () => undefined);
      expect(await ask(worker)).toBeUndefined();
      expect(await worker.ended).toBe('spawn E2BIG');
      expect(await worker.finished).toBe(0);
      worker.kill();
    } finally {
      delete process.env['TOO_LONG'];
    }
  },
);

/** A program that always has something to do, but lets everybody else go first, except for one who is still more polite. */
const busy = async (): Promise<ChildProcess> => {
  const script = 'require("node:os").setPriority(5); console.log(); for (;;);';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
};
