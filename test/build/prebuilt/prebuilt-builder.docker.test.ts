import { once } from 'node:events';
import { createServer } from 'node:net';
import Docker from 'dockerode';
import { afterEach, describe, expect, it } from 'vitest';
import type { BuildProgress } from '../../../src/build/index.ts';
import { createPrebuiltBuilder } from '../../../src/build/prebuilt/index.ts';
import type { ImageSource } from '../../../src/model/index.ts';

const live = new AbortController().signal;
const builder = createPrebuiltBuilder({});
const undo: (() => void)[] = [];
afterEach(() => undo.splice(0).forEach((act) => act()));

const image = (reference: string): { source: ImageSource; label: string } => ({
  source: { kind: 'image', reference },
  label: 'shop-database',
});

describe('an image by reference', () => {
  it('that is here is taken as it is, and never removed', async () => {
    const { Id } = await new Docker().getImage('local/busybox:1').inspect();
    const found = await builder.build(image('local/busybox:1'), () => {}, live);
    expect(found).toMatchObject({ image: Id, how: 'cached' });
    expect(await builder.has(found.image, live)).toBe(true);
    expect(await builder.collect(new Set(), live)).toEqual([]);
    expect(await builder.has(found.image, live)).toBe(true);
  });

  it('that can not be pulled fails with the reason', async () => {
    const said: BuildProgress[] = [];
    await expect(builder.build(image('localhost:1/nowhere:7'), (one) => said.push(one), live)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining("localhost:1/nowhere:7 is not here and can't be pulled"),
    });
    expect(said).toEqual([{ kind: 'step', text: 'pull localhost:1/nowhere:7' }]);
  });

  it('that no registry would understand fails, too', async () => {
    await expect(builder.build(image('Not A Name'), () => {}, live)).rejects.toMatchObject({ code: 'BUILD_FAILED' });
  });

  it('can be waited for no longer', async () => {
    // A registry that accepts and stays silent.
    const registry = createServer((socket) => socket.on('error', () => {}).resume());
    registry.listen(0, '127.0.0.1');
    undo.push(() => registry.close());
    await once(registry, 'listening');
    const bound = registry.address();
    if (bound === null || typeof bound === 'string') throw new Error('not a TCP server');
    const controller = new AbortController();
    registry.once('connection', () => controller.abort());
    const pull = builder.build(image(`127.0.0.1:${bound.port}/slow:1`), () => {}, controller.signal);
    await expect(pull).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
  });

  it('has the same hash while its name stays the same', async () => {
    const hash = await builder.inputHash(image('local/busybox:1'), live);
    expect(await builder.inputHash(image('local/busybox:1'), live)).toBe(hash);
    expect(await builder.inputHash(image('local/busybox:2'), live)).not.toBe(hash);
  });
});

it('a Docker that does not answer is a coded error', async () => {
  const nowhere = createPrebuiltBuilder({ docker: { socketPath: '/nowhere/docker.sock' } });
  await expect(nowhere.build(image('local/busybox:1'), () => {}, live)).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
    exitCode: 3,
  });
});
