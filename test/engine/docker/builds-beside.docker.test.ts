import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engine/docker/index.ts';
import { imageRef } from '../../../src/model/index.ts';
import type { DockerBuilds } from '../../build/dockerfile/docker-builds.ts';
import { dockerBuilds, sourceWith } from '../../build/dockerfile/docker-builds.ts';
import { openStage } from '../stage.ts';
import { dockerLeftOvers } from './hostile-image.ts';

const docker = new Docker();
const owner = 'builds-beside-test';
const busy = (processes: number): string => 'while :; do :; done & '.repeat(processes);

const shelf: DockerBuilds[] = [];
beforeAll(async () => {
  shelf.push(await dockerBuilds('buildkit'));
});
afterAll(() => Promise.all(shelf.map((builds) => builds.dispose())));

it('a build with more busy processes than there are cores leaves a busy replica most of the processors', async () => {
  const { start, engine, signal } = await openStage({
    image: imageRef('local/busybox:1'),
    open: (scope) => createDockerEngine({ scope, owner }),
    leftOvers: (scope) => dockerLeftOvers(docker, scope),
  });
  const { id } = await start({ command: { form: 'shell', line: `${busy(4)}wait` } });
  for (const builds of shelf) {
    const burning = `${busy(8)}sleep 4; kill $(jobs -p); wait; times`;
    const folder = await builds.folder({
      Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()} >/dev/null; ${burning}\n`,
    });
    const before = await engine.stats(id, signal);
    const { lines } = await builds.build(sourceWith(folder));
    const after = await engine.stats(id, signal);
    expect(after.cpuSeconds - before.cpuSeconds).toBeGreaterThan(1.5 * childrenSeconds(lines.at(-1)));
  }
});

/** The second line of `times`: user and system time of the shell's children, `0m3.14s 0m0.02s`. */
const childrenSeconds = (line: string | undefined): number => {
  const times = [...(line ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  expect(times, line).toHaveLength(2);
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
};
