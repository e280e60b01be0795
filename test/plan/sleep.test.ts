import { describe, expect, it } from 'vitest';
import type { RolloutPolicy } from '../../src/model/index.ts';
import { sleptBetween } from '../../src/model/index.ts';
import { analysedSince } from '../../src/plan/index.ts';
import { bluegreen, canary, rolling, singleton, stopStart } from './policies.ts';
import type { Behaviour } from './world.ts';
import { polite, World } from './world.ts';

const hour = 3_600_000;
const slow: Behaviour = { ...polite, bootMs: 40_000, finishMs: 20_000, stopMs: 8000 };
const steps: RolloutPolicy = { ...canary, canary: { steps: [{ percent: 50, pause: 60 }], matches: [] } };
const good = { requests: 100, failed: 0, p95Ms: 20, p99Ms: 40 };

/** What happened when, by a clock that stands still in a sleep. */
const storyOf = (policy: RolloutPolicy, behaviour: Behaviour, sleepsAfterMs?: number) => {
  const world = new World(2);
  world.traffic = () => good;
  world.deploy(policy, behaviour);
  world.run(24 * hour);
  const begunAt = world.now;
  world.deploy(policy, behaviour);
  if (sleepsAfterMs !== undefined) world.after(sleepsAfterMs, () => world.sleep(hour));
  world.run(24 * hour);
  const awakeAt = (at: number): number => at - begunAt - sleptBetween(world.sleeps, begunAt, at);
  return {
    operations: world.log.map(({ at, operation }) => [awakeAt(at), operation.kind, operation.cause]),
    phases: world.rollout?.history.map(({ phase, at }) => [awakeAt(at), phase]),
    failure: world.rollout?.failure,
    lastsMs: awakeAt(world.now),
  };
};

describe('a machine that sleeps for an hour in the middle of a deploy', () => {
  it.each<[string, RolloutPolicy, Behaviour]>([
    ['blue-green', bluegreen, slow],
    ['blue-green with overlap and a bake', { ...bluegreen, overlapSeconds: 20, bakeSeconds: 60 }, polite],
    ['rolling', { ...rolling, overlapSeconds: 5 }, slow],
    ['a canary', steps, polite],
    ['stop-start', stopStart, slow],
    ['a singleton', singleton, slow],
    ['a version that never gets ready', bluegreen, { ...polite, neverReady: true }],
    ['a version that makes no progress', { ...rolling, progressDeadlineSeconds: 50 }, slow],
    ['requests that never end', bluegreen, { ...polite, finishMs: 10 * hour }],
    ['workers that swallow SIGTERM', singleton, { ...polite, ignoresSigterm: true }],
  ])('does in its waking time what it does without the sleep, whenever that comes: %s', (_what, policy, behaviour) => {
    const expected = storyOf(policy, behaviour);
    const moments = Array.from({ length: 60 }, (_, index) => Math.round((index * expected.lastsMs) / 60) + 1);
    for (const moment of moments) {
      expect(storyOf(policy, behaviour, moment), `asleep after ${moment} ms`).toEqual(expected);
    }
  });

  it('does not count a sleep twice that comes while somebody holds the deploy', () => {
    const world = new World(1);
    world.deploy(bluegreen);
    world.run();
    world.deploy({ ...bluegreen, bakeSeconds: 60 });
    world.stay(10_000);
    expect(world.rollout?.phase).toBe('baking');
    world.requests = { ...world.requests, paused: true };
    world.stay(10_000);
    world.sleep(hour);
    world.stay(10_000);
    world.requests = { ...world.requests, paused: false };
    world.stay(45_000);
    expect(world.rollout?.phase).toBe('baking');
    world.stay(10_000);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('gives up waiting for others only after its own waking time', () => {
    const world = new World(1);
    world.deploy(bluegreen);
    world.waitsFor = { waitingFor: ['database'] };
    world.stay(500_000);
    world.sleep(hour);
    world.stay(90_000);
    expect(world.rollout?.phase).toBe('waiting');
    world.stay(20_000);
    expect(world.rollout).toMatchObject({ phase: 'failed' });
  });

  it('judges by the last requests before the sleep and the first ones after it', () => {
    const world = new World(1);
    world.deploy(bluegreen);
    world.run();
    world.deploy({ ...bluegreen, bakeSeconds: 600 });
    world.stay(100_000);
    world.sleep(hour);
    world.stay(20_000);
    const { now, sleeps } = world;
    const since = world.rollout && analysedSince(world.rollout, { ...bluegreen, bakeSeconds: 600 }, { now, sleeps });
    expect(since).toBe(now - hour - 60_000);
  });
});
