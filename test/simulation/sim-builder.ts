import type { Builder } from '../../src/build/index.ts';
import { imageRef, PointsmanError } from '../../src/model/index.ts';
import type { ImageSource } from '../../src/model/index.ts';
import type { Life } from './life.ts';
import { orAbort } from './sim-commands.ts';
import type { World } from './world.ts';

/** Longer than anybody may wait. */
const foreverMs = 1e9;

export const builderOf = (world: World, life: Life): Builder => ({
  inputHash: async ({ source }) => referenceOf(source),
  build: ({ source, label }, _onProgress, signal) => {
    const image = imageRef(`${label}:${referenceOf(source)}`);
    const { build, buildMs } = world.behaviourOf(image);
    const call = life.call(signal, {
      words: `build ${image}`,
      milliseconds: build === 'hangs' ? foreverMs : buildMs,
      refusal: () => undefined,
      effect: () => {
        if (build === 'fails') throw new PointsmanError('BUILD_FAILED', { message: `the build of ${image} failed` });
        world.containers.images.add(image);
        return { image, how: 'built' as const, durationMs: buildMs };
      },
    });
    if (build === 'works' && buildMs < 100) return call;
    life.waitsFor.add(image);
    return orAbort(call, signal).finally(() => life.waitsFor.delete(image));
  },
  has: async (image) => world.containers.images.has(image),
  stored: async () => [...world.containers.images].map((image) => ({ image, bytes: 1_000_000 })),
  collect: async (keep) => {
    if (!life.isAlive) return [];
    world.rules.beforeCollect(keep);
    const gone = [...world.containers.images].filter((image) => !keep.has(image));
    for (const image of gone) world.containers.images.delete(image);
    return gone;
  },
  close: async () => undefined,
});

const referenceOf = (source: ImageSource): string => (source.kind === 'image' ? source.reference : 'none');
