import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessEngine } from '../../../src/engine/process/index.ts';
import type { ReplicaStart, StartCommand } from '../../../src/engine/index.ts';
import { imageRef } from '../../../src/model/index.ts';
import { canMount, coverReadOnly, unmount } from '../../mounts.ts';
import type { Stage } from '../stage.ts';
import { linesOf, openStage } from '../stage.ts';

let stateFolder = '';
const subject = (folder = stateFolder) => ({
  image: imageRef('snapshot:hostile'),
  open: (scope: Stage['scope']) => createProcessEngine({ scope, stateFolder: folder }),
  leftOvers: async () => [],
});
const shell = (line: string): StartCommand => ({ form: 'shell', line });

beforeAll(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'pointsman-engine-'));
  await cp('fixtures/hostile', join(stateFolder, 'snapshots/hostile'), { recursive: true });
});
afterAll(() => rm(stateFolder, { recursive: true, force: true }));

describe('process engine: what outlives what', () => {
  it('keeps replicas, their logs and their exit code when the supervisor is killed', async () => {
    const { engine, replica, scope, signal } = await openStage(subject());
    const order = replica({
      command: shell('echo before; until [ -e "$GATE" ]; do sleep 0.05; done; echo after; exit 6'),
    });
    const gate = join(stateFolder, `${scope.project}.gate`);
    await engine.close();

    const doomed = await doomedSupervisor({ ...order, variables: { GATE: gate } }, scope);
    doomed.kill('SIGKILL');
    await once(doomed, 'exit');
    await writeFile(gate, '');

    const successor = subject().open(scope);
    // Straight from the files and to the end: nobody is connected to the runner while the replica ends.
    const lines = await linesOf(successor.logs(order.id, { follow: true, tail: undefined }, signal));
    expect(lines.map(({ text }) => text)).toEqual(['before', 'after']);
    const [ended] = await successor.observe(undefined, signal);
    expect(ended?.state).toMatchObject({ kind: 'exited', exit: { code: 6, signal: null } });
    await successor.close();
  });

  it('is adopted, running, by the next supervisor', async () => {
    const { engine, replica, scope, signal } = await openStage(subject());
    await engine.close();
    const order = replica();
    const doomed = await doomedSupervisor(order, scope);
    doomed.kill('SIGKILL');
    await once(doomed, 'exit');
    const successor = subject().open(scope);
    expect((await successor.start(order, signal)).state).toMatchObject({ kind: 'running' });
    await successor.remove(order.id, signal);
    expect(await successor.observe(undefined, signal)).toEqual([]);
    await successor.close();
  });

  it('leaves no process when the runner is killed, and says what became of its replicas', async () => {
    const { engine, start, said, signal } = await openStage(subject());
    const events = engine.events(signal)[Symbol.asyncIterator]();
    await events.next();
    const { id } = await start({ command: shell('echo "$PPID $$"; exec sleep 60') });
    const [runner, sleeper] = (await said(id, ' ')).text.split(' ').map(Number);
    await events.next();
    process.kill(Number(runner), 'SIGKILL');
    expect((await events.next()).value).toMatchObject({ kind: 'unreachable' });
    expect((await events.next()).value).toMatchObject({ kind: 'resync' });
    const [left] = await engine.observe(undefined, signal);
    expect(left?.state).toMatchObject({ kind: 'exited', exit: { code: null, signal: 'SIGKILL' } });
    expect(isAlive(sleeper)).toBe(false);
    await engine.remove(id, signal);
    expect((await start({ attempt: 2 })).state).toMatchObject({ kind: 'running' });
  });

  it('gives a follower every line once and in order, over the change of log files', async () => {
    const { engine, start, signal } = await openStage(subject());
    const count = 20_000;
    const flood = `const filler = 'x'.repeat(900);
      for (let line = 1; line <= ${count}; line += 1) require('fs').writeSync(1, line + ' ' + filler + '\\n')`;
    const { id } = await start({ command: { form: 'exec', argv: ['node', '-e', flood] } });
    let expected = 1;
    for await (const { text } of engine.logs(id, { follow: true, tail: undefined }, signal)) {
      if (text.startsWith(`${expected} `)) expected += 1;
      else throw new Error(`expected line ${expected}, got ${text.slice(0, 40)}`);
    }
    expect(expected).toBe(count + 1);
  });

  it.runIf(process.platform === 'linux')('ends a daemon that left its process group', async () => {
    const { start, said, exited } = await openStage(subject());
    const escape = `const child = require('child_process').spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
      console.log('escaped ' + child.pid); child.unref()`;
    const { id } = await start({ command: { form: 'exec', argv: ['node', '-e', escape] } });
    const pid = Number((await said(id, 'escaped')).text.split(' ')[1]);
    await exited(id);
    expect(isAlive(pid)).toBe(false);
  });

  it('ends the runner when nothing runs and nobody is connected', async () => {
    const { engine, start, said, signal } = await openStage(subject());
    const { id } = await start({ command: shell('echo "runner $PPID"; exec sleep 60') });
    const runner = Number((await said(id, 'runner')).text.split(' ')[1]);
    await engine.remove(id, signal);
    expect(isAlive(runner)).toBe(true);
    await engine.close();
    await expect.poll(() => isAlive(runner)).toBe(false);
  });

  it('starts one runner, however many engines need one at once', async () => {
    const { reopen, replica, signal, said } = await openStage(subject());
    const engines = Array.from({ length: 4 }, reopen);
    const command = shell('echo "runner $PPID"; exec sleep 60');
    const started = await Promise.all(engines.map((engine, slot) => engine.start(replica({ slot, command }), signal)));
    const runners = await Promise.all(started.map(async ({ id }) => (await said(id, 'runner')).text));
    expect(new Set(runners).size).toBe(1);
    const ports = started.map(({ state }) => (state.kind === 'running' ? state.address?.port : undefined));
    expect(new Set(ports).size).toBe(4);
  });
});

describe('process engine: what a replica gets', () => {
  it('gives it its own variables, a port and Node, and nothing of the supervisor', async () => {
    process.env['POINTSMAN_TEST_SECRET'] = 'of the supervisor';
    const { engine, start, signal } = await openStage(subject());
    const { id, state } = await start({ variables: { NAME: 'value', PORT: '3000' } });
    const printed = (await engine.exec(id, ['env'], signal)).output;
    const environment = new Map(printed.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string]));
    expect(environment.get('NAME')).toBe('value');
    expect(environment.get('PORT')).toBe(String(state.kind === 'running' && state.address?.port));
    expect(environment.has('POINTSMAN_TEST_SECRET')).toBe(false);
    expect(environment.has('HOST')).toBe(false);
    const version = (await engine.exec(id, ['node', '-p', 'process.version'], signal)).output.trim();
    expect(version).toBe(process.version);
  });

  it.runIf(process.platform === 'linux')('says what kept a command from being started in it', async () => {
    const { engine, start, signal } = await openStage(subject());
    const { id } = await start();
    await expect(engine.exec(id, ['echo', 'x'.repeat(200_000)], signal)).rejects.toMatchObject({
      code: 'EXEC_FAILED',
      message: expect.stringContaining('spawn E2BIG') as string,
    });
  });

  it('names the folder of a volume in a variable of its own', async () => {
    const { engine, start, signal } = await openStage(subject());
    const { id } = await start({ volumes: [{ name: 'my-data', mountPath: '/data' }] });
    const { output } = await engine.exec(id, ['sh', '-c', 'cd "$POINTSMAN_VOLUME_MY_DATA" && pwd'], signal);
    expect(output.trim()).toMatch(/volumes\/my-data$/);
  });

  it('asks for a start command where a copied folder has none', async () => {
    const { start } = await openStage(subject());
    await expect(start({ command: undefined })).rejects.toMatchObject({
      code: 'REPLICA_START_FAILED',
      fix: expect.stringContaining('startCommand'),
    });
  });

  it.skipIf(!canMount())(
    'leaves nothing of a replica that could not be started because nothing could be written, once that is repaired (where one may mount)',
    async () => {
      const { engine, replica, scope, signal } = await openStage(subject());
      const { id } = replica();
      const replicas = join(stateFolder, 'process', scope.project, scope.environment, 'replicas');
      await mkdir(join(replicas, id), { recursive: true });
      coverReadOnly(replicas);
      try {
        await expect(engine.start(replica(), signal)).rejects.toMatchObject({ code: 'STATE_WRITE_FAILED' });
        expect(await readdir(replicas)).toEqual([id]);
      } finally {
        unmount(replicas);
      }
      await expect.poll(() => readdir(replicas)).toEqual([]);
    },
  );

  it('works in a state folder whose path is too long for a socket', async () => {
    const deep = join(stateFolder, ...Array.from({ length: 12 }, () => 'a-long-name'));
    await cp('fixtures/hostile', join(deep, 'snapshots/hostile'), { recursive: true });
    const { start } = await openStage(subject(deep));
    expect((await start()).state).toMatchObject({ kind: 'running' });
  });
});

const doomedSupervisor = async (replica: ReplicaStart, scope: Stage['scope']) => {
  const program = fileURLToPath(new URL('./doomed-supervisor.ts', import.meta.url));
  const child = spawn(process.execPath, [program, stateFolder, JSON.stringify({ scope, replica })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
};

/** Not so for one that ended and that its parent (here the system's first process) has not collected yet. */
const isAlive = (pid: number | undefined): boolean => {
  try {
    process.kill(pid ?? 0, 0);
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};
