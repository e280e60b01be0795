import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveBatch } from '../../src/plan/index.ts';
import type { RolloutPolicy } from '../../src/model/index.ts';
import { bluegreen, rolling, singleton, stopStart } from './policies.ts';
import type { Behaviour } from './world.ts';
import { polite, World } from './world.ts';

const behaviour: fc.Arbitrary<Behaviour> = fc.record(
  {
    bootMs: fc.integer({ min: 0, max: 90_000 }),
    stopMs: fc.integer({ min: 0, max: 20_000 }),
    inFlight: fc.integer({ min: 0, max: 5 }),
    finishMs: fc.integer({ min: 0, max: 60_000 }),
    ignoresSigterm: fc.boolean(),
    neverReady: fc.boolean(),
    notStarted: fc.constant(false),
  },
  { requiredKeys: ['bootMs', 'stopMs', 'inFlight', 'finishMs'] },
);
const crashing = fc.record({ afterMs: fc.integer({ min: 1, max: 40_000 }), code: fc.constantFrom(0, 1, 137) });
const version = fc.oneof(
  { weight: 3, arbitrary: behaviour },
  { weight: 1, arbitrary: fc.tuple(behaviour, crashing).map(([base, exits]): Behaviour => ({ ...base, exits })) },
);
const batch = fc.record({
  surge: fc.record({ kind: fc.constant('count' as const), count: fc.integer({ min: 0, max: 3 }) }),
  unavailable: fc.record({ kind: fc.constant('count' as const), count: fc.integer({ min: 0, max: 2 }) }),
});
/** Tried out by time alone: nobody is asked, and no request ever comes that could tell anything. */
const timedCanary: RolloutPolicy = {
  ...bluegreen,
  strategy: 'canary',
  canary: {
    steps: [
      { percent: 0, pause: 5 },
      { percent: 34, pause: 20 },
      { percent: 80, pause: 0 },
    ],
    matches: [],
  },
};
const baking: RolloutPolicy = { ...bluegreen, bakeSeconds: 60 };
const bakingCanary: RolloutPolicy = { ...timedCanary, bakeSeconds: 30 };
const concurrent: RolloutPolicy = { ...rolling, strategy: 'concurrent', order: 'concurrent' };

const policy: fc.Arbitrary<RolloutPolicy> = fc.oneof(
  fc.constantFrom(bluegreen, rolling, stopStart, timedCanary, baking, bakingCanary, concurrent),
  fc
    .tuple(fc.constantFrom(bluegreen, rolling, stopStart), batch)
    .map(([base, amounts]) => ({ ...base, batch: amounts })),
);
const story = fc.record({
  replicas: fc.integer({ min: 1, max: 4 }),
  first: policy,
  deploys: fc.array(fc.record({ policy, version, afterMs: fc.integer({ min: 0, max: 200_000 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
});

const play = (
  told: {
    replicas: number;
    first: RolloutPolicy;
    deploys: readonly { policy: RolloutPolicy; version: Behaviour; afterMs: number }[];
  },
  check: (world: World) => void,
): World => {
  const world = new World(told.replicas, check);
  world.deploy(told.first);
  world.run();
  let at = 0;
  for (const deploy of told.deploys) {
    at += deploy.afterMs;
    world.after(at, () => world.deploy(deploy.policy, deploy.version));
  }
  world.run(4_000_000);
  return world;
};

/** Replicas that serve, told apart from those the app itself took away by crashing. */
const hasCrashed = (world: World): boolean => world.situation().slots.some((slot) => slot.crashes.length > 0);

describe('whatever is deployed, whenever', () => {
  it('every rollout ends', () => {
    fc.assert(
      fc.property(story, (told) => {
        const world = play(told, () => {});
        expect(world.isSettled()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('nothing is routed that is not ready, and nothing is drained or signalled while routed', () => {
    fc.assert(
      fc.property(story, (told) => {
        play(told, (world) => {
          for (const replica of world.replicas) {
            if (replica.routed) expect(replica.readyAt).toBeDefined();
            if (replica.drainingSince !== undefined || replica.signalledAt.length > 0)
              expect(replica.routed).toBe(false);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('with start-first, serving replicas never fall below the policy’s floor unless the app itself crashed', () => {
    const startFirst = policy.filter((candidate) => candidate.order === 'start-first');
    const deploys = fc.array(
      fc.record({ policy: startFirst, version: behaviour, afterMs: fc.integer({ min: 0, max: 200_000 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(fc.record({ replicas: fc.integer({ min: 1, max: 4 }), first: startFirst, deploys }), (told) => {
        const largest = Math.max(
          ...[told.first, ...told.deploys.map((deploy) => deploy.policy)].map(
            (candidate) => resolveBatch(candidate, told.replicas).unavailable,
          ),
        );
        play(told, (world) => {
          if (world.active === undefined || hasCrashed(world)) return;
          expect(world.serving.length).toBeGreaterThanOrEqual(told.replicas - largest);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('a singleton never runs twice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ version, afterMs: fc.integer({ min: 0, max: 100_000 }) }), { maxLength: 3 }),
        (deploys) => {
          const told = {
            replicas: 1,
            first: singleton,
            deploys: deploys.map((deploy) => ({ ...deploy, policy: singleton })),
          };
          play(told, (world) => expect(world.live.length).toBeLessThanOrEqual(1));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('after a last good deploy the world is what the manifest says', () => {
    fc.assert(
      fc.property(story, policy, (told, last) => {
        const world = play(told, () => {});
        world.deploy(last, polite);
        world.run(4_000_000);
        expect(world.rollout?.phase).toBe('completed');
        expect(world.live.map((replica) => replica.revision)).toEqual(
          Array.from({ length: told.replicas }, () => world.revisions.length),
        );
        expect(world.serving).toHaveLength(told.replicas);
      }),
      { numRuns: 300 },
    );
  });

  it('a version that is tried out never gets more than its share, and never from an old version that is not whole', () => {
    const tried = fc.constantFrom(timedCanary, bakingCanary);
    const deploys = fc.array(
      fc.record({ policy: tried, version: behaviour, afterMs: fc.integer({ min: 0, max: 200_000 }) }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.record({ replicas: fc.integer({ min: 1, max: 4 }), first: tried, deploys }), (told) => {
        play(told, (world) => {
          const { rollout, active, split } = world;
          if (rollout?.phase !== 'canary' || active === undefined || hasCrashed(world)) return;
          const share = split?.shares.find(({ revision }) => revision === rollout.to)?.percent ?? 0;
          expect(share).toBeLessThanOrEqual(rollout.canary?.percent ?? 0);
          const old = world.serving.filter(({ revision }) => revision !== rollout.to);
          if (share > 0) expect(old.length).toBeGreaterThanOrEqual(told.replicas);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('while it is paused nothing is replaced, and after `abort` the world is what it was', () => {
    const pausing = fc.record({
      replicas: fc.integer({ min: 1, max: 4 }),
      policy: policy.filter(({ order }) => order === 'start-first'),
      version: behaviour,
      pauseMs: fc.integer({ min: 0, max: 120_000 }),
    });
    fc.assert(
      fc.property(pausing, (told) => {
        const world = new World(told.replicas);
        world.deploy(told.policy);
        world.run();
        world.deploy(told.policy, told.version);
        world.stay(told.pauseMs);
        if (world.isSettled() || world.rollout?.phase === 'retiring') return;
        world.requests = { ...world.requests, paused: true };
        world.step();
        const phase = world.rollout?.phase;
        world.stay(5_000_000);
        expect(world.rollout?.phase).toBe(phase);
        expect(world.serving.length).toBeGreaterThanOrEqual(
          told.replicas - resolveBatch(told.policy, told.replicas).unavailable,
        );
        world.requests = { ...world.requests, paused: false, aborted: true };
        world.run(4_000_000);
        expect(world.rollout?.failure?.code).toBe('ROLLOUT_ABORTED');
        expect(world.live.map(({ revision }) => revision)).toEqual(Array.from({ length: told.replicas }, () => 1));
      }),
      { numRuns: 300 },
    );
  });
});
