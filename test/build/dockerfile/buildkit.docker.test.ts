import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBuilds } from './builder-cases.ts';
import type { DockerBuilds } from './docker-builds.ts';
import { docker, dockerBuilds, live, sourceWith } from './docker-builds.ts';

describeBuilds('buildkit');

describe('only BuildKit', () => {
  const shelf: DockerBuilds[] = [];
  beforeAll(async () => {
    shelf.push(await dockerBuilds());
  });
  afterAll(() => Promise.all(shelf.map((builds) => builds.dispose())));

  it('is taken without being asked for, and gives secrets to the steps that name them, to no image', async () => {
    for (const builds of shelf) {
      const secret = randomUUID();
      const folder = await builds.folder({
        Dockerfile:
          'FROM local/busybox:1\nRUN --mount=type=secret,id=token wc -c /run/secrets/token # ' + randomUUID() + '\n',
        'a.txt': randomUUID(),
      });
      const source = sourceWith(folder, { secrets: { token: secret, other: 'x' } });
      const { lines, image } = await builds.build(source);
      expect(lines[0]).toBe('36 /run/secrets/token');
      const history = JSON.stringify([await docker.getImage(image).history(), await docker.getImage(image).inspect()]);
      expect(history).not.toContain(secret);
      expect((await builds.build(sourceWith(folder, { secrets: { token: 'renewed', other: 'x' } }))).how).toBe(
        'cached',
      );
    }
  });

  it('fails a build whose required secret is not given, by its name', async () => {
    for (const builds of shelf) {
      const folder = await builds.folder({
        Dockerfile: 'FROM local/busybox:1\nRUN --mount=type=secret,id=token,required=true cat /run/secrets/token\n',
      });
      await expect(builds.build(sourceWith(folder, { secrets: { other: 'x' } }))).rejects.toMatchObject({
        code: 'BUILD_FAILED',
        message: expect.stringContaining('token'),
      });
    }
  });

  it('builds an image from an image that another build made, anew when that one changes', async () => {
    for (const builds of shelf) {
      const base = await builds.folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()} > /base\n` });
      const [repo, tag] = ['pointsman-test-base', randomUUID()];
      const name = `${repo}:${tag}`;
      const first = await builds.build(sourceWith(base), 'base');
      await docker.getImage(first.image).tag({ repo, tag });
      const folder = await builds.folder({ Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN cat /base\n` });
      const source = sourceWith(folder, { args: { BASE: name } });
      const one = await builds.build(source);
      expect((await builds.build(source)).how).toBe('cached');
      const other = await builds.folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()} > /base\n` });
      await docker.getImage((await builds.build(sourceWith(other), 'base')).image).tag({ repo, tag });
      const two = await builds.build(source);
      await docker.getImage(name).remove();
      expect(two.how).toBe('built');
      expect(two.image).not.toBe(one.image);
    }
  });

  it('is not confused by an image built by hand on one of ours', async () => {
    for (const builds of shelf) {
      const folder = await builds.folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()}\n` });
      const { image } = await builds.build(sourceWith(folder));
      const [repo, tag] = ['pointsman-test-hand', randomUUID()];
      const container = await docker.createContainer({ Image: image, Cmd: ['true'] });
      await container.commit({ repo, tag });
      await container.remove();
      expect((await builds.build(sourceWith(folder))).image).toBe(image);
      await docker.getImage(`${repo}:${tag}`).remove();
    }
  });

  it('removes images that nobody keeps, and those only', async () => {
    const mine = await dockerBuilds();
    const other = await dockerBuilds();
    const folder = await mine.folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()}\n` });
    const second = await mine.folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()}\n` });
    const used = await mine.folder({ Dockerfile: `FROM local/busybox:1\nRUN echo ${randomUUID()}\n` });
    const kept = await mine.build(sourceWith(folder));
    const dropped = await mine.build(sourceWith(second), 'shop-worker');
    const running = await mine.build(sourceWith(used));
    await other.build(sourceWith(second));
    const container = await docker.createContainer({ Image: running.image, Cmd: ['true'] });
    expect(await mine.builder.collect(new Set([kept.image]), live)).toEqual([dropped.image]);
    expect(await mine.builder.has(kept.image, live)).toBe(true);
    expect(await mine.builder.has(running.image, live)).toBe(true);
    // The other supervisor still has it; when that one drops it too, it is gone.
    expect(await mine.builder.has(dropped.image, live)).toBe(true);
    await other.dispose();
    expect(await mine.builder.has(dropped.image, live)).toBe(false);
    await container.remove();
    await mine.dispose();
  });
});
