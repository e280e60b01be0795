import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBuilds } from './builder-cases.ts';
import type { DockerBuilds } from './docker-builds.ts';
import { dockerBuilds, sourceWith } from './docker-builds.ts';

describeBuilds('classic');

describe('only the classic builder', () => {
  const shelf: DockerBuilds[] = [];
  beforeAll(async () => {
    shelf.push(await dockerBuilds('classic'));
  });
  afterAll(() => Promise.all(shelf.map((builds) => builds.dispose())));

  it('refuses a build that needs secrets, and says what would give them', async () => {
    for (const builds of shelf) {
      const folder = await builds.folder({ Dockerfile: 'FROM local/busybox:1\n' });
      await expect(builds.build(sourceWith(folder, { secrets: { token: 'x' } }))).rejects.toMatchObject({
        code: 'CAPABILITY_MISSING',
        fix: expect.stringContaining('Docker 18.09'),
      });
    }
  });

  it('gives a build less weight than a container that serves', async () => {
    for (const builds of shelf) {
      const folder = await builds.folder({
        Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()} >/dev/null; cat /sys/fs/cgroup/cpu/cpu.shares || cat /sys/fs/cgroup/cpu.weight\n`,
      });
      // The second figure is what the newer control groups make of the first.
      expect(['256', '10']).toContain((await builds.build(sourceWith(folder))).lines.at(-1));
    }
  });
});
