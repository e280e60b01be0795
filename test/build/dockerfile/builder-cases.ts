import { execFileSync } from 'node:child_process';
import { hash, randomInt, randomUUID } from 'node:crypto';
import { appendFile, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContentHasher } from '../../../src/build/content-hashes.ts';
import { readBuildInput } from '../../../src/build/dockerfile/build-input.ts';
import type { Backend } from '../../../src/build/dockerfile/index.ts';
import { runBuild } from '../../../src/build/dockerfile/run-build.ts';
import { SourceChanged } from '../../../src/build/restless-source.ts';
import type { DockerBuilds } from './docker-builds.ts';
import { docker, dockerBuilds, listing, live, sourceWith } from './docker-builds.ts';

/** What both builders must do alike. */
export const describeBuilds = (backend: Backend): void => {
  describe(`a build by the ${backend} builder`, () => {
    const shelf: { builds?: DockerBuilds } = {};
    const builds = (): DockerBuilds => {
      if (shelf.builds === undefined) throw new Error('not set up');
      return shelf.builds;
    };
    beforeAll(async () => {
      shelf.builds = await dockerBuilds(backend);
    });
    afterAll(() => builds().dispose());

    it('sends exactly what the ignore file leaves', async () => {
      const folder = await builds().folder({
        Dockerfile: listing,
        '.dockerignore': '.env\n/root.txt\nsub/secret.txt\n*.log\n!keep.log\n',
        '.env': 'TOKEN=1',
        'root.txt': '',
        'sub/secret.txt': '',
        'sub/kept.txt': '',
        'a.log': '',
        'keep.log': '',
        [`${randomUUID()}.tmp/.env`]: '',
      });
      const { lines, steps, image, how } = await builds().build(sourceWith(folder));
      expect(lines.filter((line) => !line.includes('.tmp/'))).toEqual([
        './.dockerignore',
        './Dockerfile',
        './keep.log',
        './sub/kept.txt',
      ]);
      expect(steps.join('\n')).toContain('RUN cd /app && find');
      expect(how).toBe('built');
      expect((await docker.getImage(image).inspect()).Id).toBe(image);
    });

    it('keeps permissions and links', async () => {
      const folder = await builds().folder({
        Dockerfile: `FROM local/busybox:1\nCOPY . /app\nRUN /app/run.sh && readlink /app/link && stat -c %a:%u /app/run.sh\n`,
        'run.sh': `#!/bin/sh\necho ran ${randomUUID()}`,
        link: '-> run.sh',
      });
      const { lines } = await builds().build(sourceWith(folder));
      expect(lines.slice(1)).toEqual(['run.sh', '755:0']);
    });

    it('gives arguments, and stops at the target', async () => {
      const folder = await builds().folder({
        Dockerfile: 'FROM local/busybox:1 AS one\nARG WORD\nRUN echo said $WORD\nFROM one\nRUN echo too far\n',
      });
      const word = randomUUID();
      const { lines } = await builds().build(sourceWith(folder, { target: 'one', args: { WORD: word } }));
      expect(lines).toEqual([`said ${word}`]);
    });

    it('needs no registry for a syntax line', async () => {
      const folder = await builds().folder({
        Dockerfile: `# syntax=docker/dockerfile:1\nFROM local/busybox:1\nRUN echo ${randomUUID()}\n`,
      });
      expect((await builds().build(sourceWith(folder))).how).toBe('built');
    });

    it('finds an unchanged source again without building, also after a restart, and builds a changed one', async () => {
      const folder = await builds().folder({ Dockerfile: listing, [`${randomUUID()}.txt`]: '' });
      const first = await builds().build(sourceWith(folder));
      const second = await builds().build(sourceWith(folder), 'shop-other');
      expect(second).toMatchObject({ how: 'cached', image: first.image, steps: [], lines: [] });
      const other = await dockerBuilds(backend);
      expect(await other.build(sourceWith(folder))).toMatchObject({ how: 'cached', image: first.image });
      await other.dispose();
      expect(await builds().builder.has(first.image, live)).toBe(true);
      await writeFile(join(folder, 'new.txt'), '');
      const third = await builds().build(sourceWith(folder));
      expect(third.how).toBe('built');
      expect(third.image).not.toBe(first.image);
    });

    it('fails with the last lines of the failing step, and leaves nothing behind', async () => {
      const word = randomUUID();
      const folder = await builds().folder({
        Dockerfile: `FROM local/busybox:1\nRUN echo fine\nRUN for n in $(seq 1 50); do echo line $n; done; echo ${word}; exit 3\n`,
      });
      const failure = await builds()
        .build(sourceWith(folder))
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('shop-web') });
      const output = (failure as { output: readonly string[] }).output;
      expect(output[0]).toContain('RUN for n in');
      expect(output.slice(-2)).toEqual(['line 50', word]);
      expect(output).toHaveLength(31);
      const left = await docker.listContainers({ all: true });
      expect(left.filter((container) => container.Command.includes(word))).toEqual([]);
    });

    it('shows where a Dockerfile can not be understood', async () => {
      const folder = await builds().folder({ Dockerfile: 'FROM local/busybox:1\nRUNN echo\n' });
      await expect(builds().build(sourceWith(folder))).rejects.toMatchObject({
        code: 'BUILD_FAILED',
        message: expect.stringContaining('unknown instruction: RUNN'),
        where: { file: join(folder, 'Dockerfile'), line: 2, column: 1 },
      });
    });

    it('says which base image is missing, where it is named, and which argument chooses it', async () => {
      const folder = await builds().folder({ Dockerfile: 'ARG BASE=localhost:1/nowhere:7\n\nFROM ${BASE}\n' });
      await expect(builds().build(sourceWith(folder))).rejects.toMatchObject({
        code: 'BUILD_FAILED',
        message: expect.stringContaining('localhost:1/nowhere:7, which is not here'),
        fix: expect.stringContaining('build.args.BASE'),
        where: { file: join(folder, 'Dockerfile'), line: 3, column: 1 },
      });
    });

    it('says that a target does not exist', async () => {
      const folder = await builds().folder({ Dockerfile: 'FROM local/busybox:1\n' });
      await expect(builds().build(sourceWith(folder, { target: 'nope' }))).rejects.toMatchObject({
        code: 'BUILD_FAILED',
        message: expect.stringContaining('nope'),
      });
    });

    it('really ends when it is cancelled', async () => {
      const seconds = String(randomInt(100_000, 999_999));
      const folder = await builds().folder({
        Dockerfile: `FROM local/busybox:1\nRUN echo begun && sleep ${seconds}\n`,
      });
      const controller = new AbortController();
      const begun = Promise.withResolvers<void>();
      const build = builds().builder.build(
        { source: sourceWith(folder), label: 'shop-web' },
        (progress) => {
          if (progress.text === 'begun') begun.resolve();
        },
        controller.signal,
      );
      const cancelled = expect(build).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
      await begun.promise;
      expect(processesWith(`sleep ${seconds}`)).not.toEqual([]);
      controller.abort();
      await cancelled;
      await expect.poll(() => processesWith(`sleep ${seconds}`), { interval: 50 }).toEqual([]);
      await expect.poll(() => containersWith(seconds), { interval: 50 }).toEqual([]);
    });

    it('is done once for several services that ask at once', async () => {
      const folder = await builds().folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()}\n` });
      const results = await Promise.all(
        ['shop-web', 'shop-worker', 'shop-beat'].map((label) => builds().build(sourceWith(folder), label)),
      );
      expect(results.map((result) => result.how).sort()).toEqual(['built', 'shared', 'shared']);
      expect(new Set(results.map((result) => result.image)).size).toBe(1);
    });

    it('takes a Dockerfile from outside of its context, and one that the ignore file lists', async () => {
      const folder = await builds().folder({
        'docker/web.Dockerfile': listing,
        'app/a.txt': randomUUID(),
        'other/Dockerfile': listing,
        'other/.dockerignore': 'Dockerfile\n',
        'other/b.txt': randomUUID(),
      });
      const outside = await builds().build(
        sourceWith(join(folder, 'app'), { dockerfile: join(folder, 'docker/web.Dockerfile') }),
      );
      expect(outside.lines).toContain('./a.txt');
      const ignored = await builds().build(sourceWith(join(folder, 'other')));
      expect(ignored.lines).toContain('./b.txt');
      expect(ignored.lines).not.toContain('./Dockerfile');
    });

    it('leaves no trace of a Dockerfile that is ignored or outside, nor of the ignore file if that is ignored', async () => {
      const folder = await builds().folder({
        Dockerfile: `FROM local/busybox:1\nCOPY . /app\nRUN ls -A /app # ${randomUUID()}\n`,
        '.dockerignore': 'Dockerfile\n.dockerignore\n',
        'a.txt': '',
      });
      expect((await builds().build(sourceWith(folder))).lines).toEqual(['a.txt']);
    });

    it('sends large files, many files, and names and permissions of any kind', async () => {
      const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`many/${n % 7}/${n}.js`, `${n}`]));
      const folder = await builds().folder({
        ...many,
        Dockerfile: `FROM local/busybox:1\nCOPY . /app\nRUN cd /app && md5sum large 'ä b' a/b a-b a.b && find many -type f | wc -l && stat -c %a tool sub && readlink far # ${randomUUID()}\n`,
        large: 'x'.repeat(9 * 1024 * 1024),
        'ä b': 'umlaut',
        'a/b': 'in',
        'a-b': 'dash',
        'a.b': 'dot',
        tool: '#!/bin/sh',
        far: '-> /nowhere/else',
        'sub/x': '',
      });
      await chmod(join(folder, 'tool'), 0o750);
      await chmod(join(folder, 'sub'), 0o1777);
      const sums = ['x'.repeat(9 * 1024 * 1024), 'umlaut', 'in', 'dash', 'dot'].map((text) => hash('md5', text));
      const { lines } = await builds().build(sourceWith(folder));
      expect(lines.map((line) => line.split(' ')[0])).toEqual([...sums, '600', '750', '1777', '/nowhere/else']);
    });

    it('does not build from a source that is no longer what was hashed', async () => {
      const folder = await builds().folder({ Dockerfile: listing, 'a.txt': 'one', large: 'x'.repeat(9 * 1024 * 1024) });
      const reader = { docker, hasher: new ContentHasher(builds().stateFolder), stateFolder: builds().stateFolder };
      for (const name of ['a.txt', 'large']) {
        const input = await readBuildInput(reader, sourceWith(folder), 'shop-web', live);
        await appendFile(join(folder, name), randomUUID());
        const run = { docker, backend, input, name: `pointsman-test-changed:${randomUUID()}` };
        await expect(runBuild(run, () => {}, live)).rejects.toBeInstanceOf(SourceChanged);
      }
    });

    it('waits while as many builds are running as are allowed', async () => {
      const one = await dockerBuilds(backend, 1);
      const said: string[] = [];
      const run = async (name: string): Promise<void> => {
        const folder = await one.folder({
          Dockerfile: `FROM local/busybox:1\nRUN echo ${name} begins && sleep 0.5 && echo ${name} ends ${randomUUID()}\n`,
        });
        await one.builder.build(
          { source: sourceWith(folder), label: `shop-${name}` },
          (progress) => {
            if (progress.kind === 'line') said.push(progress.text.split(' ').slice(0, 2).join(' '));
          },
          live,
        );
      };
      await Promise.all(['a', 'b', 'c'].map(run));
      expect(said.map((line) => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends', 'begins', 'ends']);
      await one.dispose();
    });
  });
};

const processesWith = (text: string): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line === text);

const containersWith = async (text: string): Promise<string[]> => {
  const containers = await docker.listContainers({ all: true });
  return containers.filter((container) => container.Command.includes(text)).map((container) => container.Command);
};
