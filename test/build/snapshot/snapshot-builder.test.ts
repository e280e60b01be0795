import { execFileSync, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BuildProgress } from '../../../src/build/index.ts';
import { createSnapshotBuilder } from '../../../src/build/snapshot/index.ts';
import { imageRef } from '../../../src/model/index.ts';
import type { BuildSource } from '../source-folder.ts';
import { makeFolder, removeFolder, sourceIn } from '../source-folder.ts';

const live = new AbortController().signal;
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).toReversed()) await act();
});

const folderWith = async (files: Record<string, string>): Promise<string> => {
  const root = await makeFolder(files);
  undo.push(() => removeFolder(root));
  return root;
};
const snapshots = async () => {
  const stateFolder = await folderWith({});
  const builder = createSnapshotBuilder({ stateFolder, concurrency: 2 });
  undo.push(() => builder.close());
  const said: BuildProgress[] = [];
  const build = async (source: BuildSource, signal = live) => {
    const result = await builder.build({ source, label: 'shop-web' }, (progress) => said.push(progress), signal);
    return { ...result, folder: join(stateFolder, 'snapshots', result.image.replace('snapshot:', '')) };
  };
  const lines = (): string[] => said.filter((one) => one.kind === 'line').map((one) => one.text);
  return { builder, stateFolder, build, lines };
};

describe('a snapshot', () => {
  it('holds what the ignore file leaves, with permissions, times and links', async () => {
    const { build } = await snapshots();
    const root = await folderWith({
      '.dockerignore': '*.log\n',
      'a.log': '',
      'run.sh': '#!/bin/sh',
      'node_modules/x/index.js': 'x',
      link: '-> run.sh',
      '.git/HEAD': '',
      '.pointsman/db': '',
    });
    await chmod(join(root, 'run.sh'), 0o750);
    await utimes(join(root, 'run.sh'), 1_000_000, 1_000_000);
    const { folder, how } = await build(sourceIn(root));
    expect(how).toBe('built');
    expect((await readdir(folder)).toSorted()).toEqual(['.dockerignore', 'link', 'node_modules', 'run.sh']);
    const script = await stat(join(folder, 'run.sh'));
    expect([script.mode & 0o777, script.mtimeMs]).toEqual([0o750, 1_000_000_000]);
    expect(await readlink(join(folder, 'link'))).toBe('run.sh');
    expect(await readFile(join(folder, 'node_modules/x/index.js'), 'utf8')).toBe('x');
  });

  it('does not change when its source is edited in place', async () => {
    const { build } = await snapshots();
    const root = await folderWith({ 'a.txt': 'one', large: 'x'.repeat(9 * 1024 * 1024) });
    const { folder } = await build(sourceIn(root));
    await writeFile(join(root, 'a.txt'), 'two');
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('one');
    expect((await lstat(join(folder, 'large'))).size).toBe(9 * 1024 * 1024);
    expect((await build(sourceIn(root))).folder).not.toBe(folder);
  });

  it('is found again for the same source, and made once for several who ask', async () => {
    const { build } = await snapshots();
    const root = await folderWith({ 'a.txt': 'one' });
    const source = sourceIn(root, { buildCommand: 'sleep 0.3' });
    const both = await Promise.all([build(source), build(source)]);
    expect(both.map((one) => one.how).toSorted()).toEqual(['built', 'shared']);
    expect((await build(source)).how).toBe('cached');
  });

  it('is another one for another build command or argument', async () => {
    const { build } = await snapshots();
    const root = await folderWith({ 'a.txt': 'one' });
    const images = [
      await build(sourceIn(root)),
      await build(sourceIn(root, { buildCommand: 'true' })),
      await build(sourceIn(root, { args: { A: '1' } })),
    ].map((one) => one.image);
    expect(new Set(images).size).toBe(3);
  });
});

describe('the build command of a snapshot', () => {
  it('runs where the snapshot stays, with arguments and secrets, and says what it does', async () => {
    const { build, lines } = await snapshots();
    const root = await folderWith({ 'a.txt': 'one' });
    const buildCommand = 'pwd; cat a.txt > built.txt; echo "$WORD $TOKEN" >> built.txt; echo done >&2';
    const { folder } = await build(sourceIn(root, { buildCommand, args: { WORD: 'hello' }, secrets: { TOKEN: 's' } }));
    expect(await readFile(join(folder, 'built.txt'), 'utf8')).toBe('onehello s\n');
    expect(lines().toSorted()).toEqual([folder, 'done'].toSorted());
    expect(await readdir(root)).toEqual(['a.txt']);
  });

  it('is not told what npm told us', async () => {
    const { build, lines } = await snapshots();
    process.env['npm_config_probe'] = '1';
    undo.push(async () => delete process.env['npm_config_probe']);
    await build(sourceIn(await folderWith({}), { buildCommand: 'env | grep -c npm_config_probe || true' }));
    expect(lines()).toEqual(['0']);
  });

  it('that fails shows its last lines and leaves no snapshot', async () => {
    const { build, stateFolder } = await snapshots();
    const root = await folderWith({ 'a.txt': '' });
    const failing = sourceIn(root, { buildCommand: 'for n in $(seq 1 99); do echo line $n; done; exit 7' });
    const failure = await build(failing).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('exited with 7') });
    expect(failure).toMatchObject({ output: Array.from({ length: 30 }, (_, index) => `line ${index + 70}`) });
    expect(await readdir(join(stateFolder, 'snapshots'))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'that the system refuses to start is a failed build, and says why',
    async () => {
      const { build, stateFolder } = await snapshots();
      const tooLong = sourceIn(await folderWith({}), { buildCommand: `: ${'x'.repeat(200_000)}` });
      await expect(build(tooLong)).rejects.toMatchObject({
        code: 'BUILD_FAILED',
        message: expect.stringContaining("can't be started (spawn E2BIG)") as string,
      });
      expect(await readdir(join(stateFolder, 'snapshots'))).toEqual([]);
    },
  );

  it('really ends when it is cancelled, with what it started', async () => {
    const { builder, stateFolder } = await snapshots();
    const seconds = String(randomInt(100_000, 999_999));
    const controller = new AbortController();
    const begun = Promise.withResolvers<void>();
    const source = sourceIn(await folderWith({}), { buildCommand: `sleep ${seconds} & echo begun; sleep ${seconds}` });
    const build = builder.build(
      { source, label: 'shop-web' },
      ({ text }) => text === 'begun' && begun.resolve(),
      controller.signal,
    );
    const cancelled = expect(build).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
    await begun.promise;
    controller.abort();
    await cancelled;
    expect(processesWith(`sleep ${seconds}`)).toEqual([]);
    expect(await readdir(join(stateFolder, 'snapshots'))).toEqual([]);
  });

  it('leaves nothing running in the background', async () => {
    const { build } = await snapshots();
    const seconds = String(randomInt(100_000, 999_999));
    await build(sourceIn(await folderWith({}), { buildCommand: `sleep ${seconds} &` }));
    await expect.poll(() => processesWith(`sleep ${seconds}`), { interval: 20 }).toEqual([]);
  });

  it('runs on for nobody: it ends with a supervisor that is killed', async () => {
    const command = `sleep ${randomInt(100_000, 999_999)}; true`;
    const order = { label: 'shop-web', command, folder: await folderWith({}), variables: {} };
    const module = new URL('../../../src/build/snapshot/build-command.ts', import.meta.url).href;
    const program = `
      import { runBuildCommand } from ${JSON.stringify(module)};
      await runBuildCommand(${JSON.stringify(order)}, () => {}, new AbortController().signal);`;
    const supervisor = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' });
    undo.push(async () => supervisor.kill('SIGKILL'));
    const [sleep = ''] = command.split(';');
    await expect.poll(() => processesWith(sleep), { interval: 20 }).toHaveLength(1);
    supervisor.kill('SIGKILL');
    await expect.poll(() => processesWith(sleep), { interval: 20 }).toEqual([]);
  });
});

describe('kept snapshots', () => {
  it('stay, others go, and so does what a crash left half made', async () => {
    const { build, builder, stateFolder } = await snapshots();
    const kept = await build(sourceIn(await folderWith({ 'a.txt': randomUUID() })));
    const dropped = await build(sourceIn(await folderWith({ 'a.txt': randomUUID() })));
    await mkdir(join(stateFolder, 'snapshots', 'half-made'));
    expect(await builder.has(imageRef('snapshot:half-made'), live)).toBe(false);
    expect(await builder.collect(new Set([kept.image]), live)).toEqual([dropped.image]);
    expect(await builder.has(kept.image, live)).toBe(true);
    expect(await builder.has(dropped.image, live)).toBe(false);
    expect(await readdir(join(stateFolder, 'snapshots'))).toHaveLength(2);
  });

  it('that were half made are made again', async () => {
    const { build, stateFolder } = await snapshots();
    const root = await folderWith({ 'a.txt': 'a' });
    const { folder } = await build(sourceIn(root));
    await removeFolder(`${folder}.built`);
    await writeFile(join(folder, 'rubbish'), '');
    expect((await build(sourceIn(root))).how).toBe('built');
    expect(await readdir(folder)).toEqual(['a.txt']);
    expect(await readdir(join(stateFolder, 'snapshots'))).toHaveLength(2);
  });
});

it('a source that is written to all the time ends as a coded error', async () => {
  const { builder } = await snapshots();
  const root = await folderWith({ 'a.txt': '', 'b.txt': '' });
  const counter = { writes: 0 };
  // Each copy begins with a progress step: the moment between hashing and reading.
  const touch = (progress: BuildProgress): void => {
    if (progress.kind !== 'step') return;
    counter.writes += 1;
    execFileSync('sh', ['-c', `echo ${counter.writes} > "$0"`, join(root, 'b.txt')]);
  };
  await expect(builder.build({ source: sourceIn(root), label: 'shop-web' }, touch, live)).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining('b.txt changed'),
  });
  expect(counter.writes).toBe(3);
});

const processesWith = (text: string): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line === text);
