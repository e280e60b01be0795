import { describe, expect, it } from 'vitest';
import type { RolloutPolicy } from '../../src/model/index.ts';
import { planService } from '../../src/plan/index.ts';
import { bluegreen, canary, rolling, singleton, stopStart } from './policies.ts';
import { nothingToCheck, polite, World } from './world.ts';

const manual: RolloutPolicy = { ...bluegreen, promotion: 'manual' };
const baking: RolloutPolicy = { ...bluegreen, bakeSeconds: 120 };
const good = { requests: 100, failed: 0, p95Ms: 20, p99Ms: 40 };

const upOn = (policy: RolloutPolicy, replicas: number): World => {
  const world = new World(replicas);
  world.deploy(policy);
  world.run();
  expect(world.rollout?.phase).toBe('completed');
  return world;
};

const revisionsOf = (replicas: World['live']): readonly number[] => replicas.map(({ revision }) => revision);
const progressing = (world: World) => world.step().conditions.find(({ type }) => type === 'Progressing');

describe('promotion by hand', () => {
  it('waits with the whole new version beside the old one, reached by no user, until `promote`', () => {
    const world = upOn(manual, 2);
    world.deploy(manual);
    world.stay(3_600_000);
    expect(world.rollout).toMatchObject({ phase: 'previewing', waitsFor: 'promotion' });
    expect(revisionsOf(world.serving)).toEqual([1, 1, 2, 2]);
    expect(world.split?.shares).toEqual([
      { revision: 1, percent: 100 },
      { revision: 2, percent: 0 },
    ]);
    expect(progressing(world)).toMatchObject({ reason: 'WaitsForPromotion' });
    expect(progressing(world)?.message).toContain('pointsman promote web');
    world.requests = { ...world.requests, promotions: 1 };
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    expect(revisionsOf(world.live)).toEqual([2, 2]);
  });

  it('is for canaries too: the first step begins with `promote`', () => {
    const policy: RolloutPolicy = { ...canary, promotion: 'manual' };
    const world = upOn(policy, 1);
    world.deploy(policy);
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('previewing');
    world.requests = { ...world.requests, promotions: 1 };
    world.stay(60_000);
    expect(world.rollout).toMatchObject({ phase: 'canary', waitsFor: 'promotion' });
  });

  it('gives way to an old version that crashed, once the service is a singleton', () => {
    const world = new World(1);
    world.deploy(manual, { ...polite, exits: { afterMs: 100_000, code: 1 } });
    world.stay(30_000);
    world.deploy(manual);
    world.stay(30_000);
    expect(world.rollout?.phase).toBe('previewing');
    for (const [index, revision] of world.revisions.entries()) {
      world.revisions[index] = { ...revision, spec: { ...revision.spec, policy: singleton } };
    }
    world.stay(120_000);
    expect(world.rollout?.phase).toBe('previewing');
    expect(revisionsOf(world.serving)).toEqual([1]);
    expect(revisionsOf(world.live)).toEqual([1]);
  });

  it('leaves the old version as it was after `abort`', () => {
    const world = upOn(manual, 2);
    const old = world.live.map(({ id }) => id);
    world.deploy(manual);
    world.stay(60_000);
    world.requests = { ...world.requests, aborted: true };
    world.run();
    expect(world.rollout).toMatchObject({ phase: 'failed', failure: { code: 'ROLLOUT_ABORTED' } });
    expect(world.live.map(({ id }) => id)).toEqual(old);
    expect(world.split).toBeUndefined();
  });
});

describe('`abort`', () => {
  it('ends a rollout in any phase before the old version goes', () => {
    const world = upOn(rolling, 3);
    world.deploy(rolling, { ...polite, bootMs: 10_000 });
    world.stay(15_000);
    world.requests = { ...world.requests, aborted: true };
    world.run();
    expect(world.rollout?.failure?.code).toBe('ROLLOUT_ABORTED');
    expect(revisionsOf(world.serving)).toEqual([1, 1, 1]);
  });
});

describe('smoke checks', () => {
  const deploySmoked = (world: World, passes: boolean): void => {
    world.deploy(bluegreen);
    world.checks = { ...nothingToCheck, smoke: { kind: 'pending' } };
    world.findings = { smoke: () => passes };
    world.run();
  };

  it('are asked once all new replicas are ready, before any user meets them', () => {
    const world = upOn(bluegreen, 2);
    const before = world.log.length;
    deploySmoked(world, true);
    const kinds = world.log.slice(before).map(({ operation }) => operation.kind);
    expect(kinds.slice(0, 5)).toEqual(['build', 'start', 'start', 'verify', 'route']);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('that fail end the rollout, and nobody was routed to it', () => {
    const world = upOn(bluegreen, 2);
    const before = world.log.length;
    const old = world.live.map(({ id }) => id);
    deploySmoked(world, false);
    expect(world.rollout).toMatchObject({ phase: 'failed', failure: { code: 'CHECK_FAILED' } });
    expect(world.log.slice(before).map(({ operation }) => operation.kind)).not.toContain('route');
    expect(world.live.map(({ id }) => id)).toEqual(old);
  });

  it('keep also a first version from users', () => {
    const world = new World(1);
    deploySmoked(world, false);
    expect(world.rollout?.phase).toBe('failed');
    expect(world.log.map(({ operation }) => operation.kind)).not.toContain('route');
    expect(world.live).toEqual([]);
  });
});

describe('baking', () => {
  const switched = (more: Partial<RolloutPolicy> = {}): World => {
    const world = upOn(bluegreen, 2);
    world.traffic = () => good;
    world.deploy({ ...baking, ...more });
    world.stay(10_000);
    expect(world.rollout?.phase).toBe('baking');
    return world;
  };

  it('keeps the old version idle and unsignalled so long, then retires it', () => {
    const world = switched();
    expect(revisionsOf(world.serving)).toEqual([2, 2]);
    expect(revisionsOf(world.live)).toEqual([1, 1, 2, 2]);
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    const at = (kind: string): number => world.log.findLast(({ operation }) => operation.kind === kind)?.at ?? 0;
    expect(at('signal') - at('route')).toBeGreaterThanOrEqual(120_000);
  });

  it('switches back at once, in one table, when errors rise', () => {
    const world = switched();
    const old = world.live.filter(({ revision }) => revision === 1).map(({ id }) => id);
    world.traffic = (revision) => (revision === 2 ? { ...good, failed: 20 } : good);
    const at = world.now;
    world.stay(100);
    expect(world.rollout?.failure).toMatchObject({ code: 'ROLLOUT_REGRESSED' });
    expect(world.serving.map(({ id }) => id)).toEqual(old);
    expect(world.now - at).toBeLessThanOrEqual(100);
    world.run();
    expect(world.live.map(({ id }) => id)).toEqual(old);
  });

  it('switches back when a replica of the new version crashes', () => {
    const world = switched();
    const [first] = world.serving;
    if (first !== undefined) world.crash(first.id, 1);
    world.run();
    expect(world.rollout?.failure?.message).toContain('after the switch: exited with code 1');
    expect(revisionsOf(world.live)).toEqual([1, 1]);
  });

  it('switches back once: the version it went back to may crash and fail as it likes', () => {
    const world = switched();
    world.traffic = () => ({ ...good, failed: 100 });
    world.run();
    for (const replica of world.serving) world.crash(replica.id, 1);
    world.run();
    expect(world.rollout?.phase).toBe('failed');
    expect(revisionsOf(world.serving)).toEqual([1, 1]);
  });

  it('ends early with `promote`, and switches back with `abort`', () => {
    const early = switched();
    early.requests = { ...early.requests, promotions: 1 };
    early.stay(60_000);
    expect(early.rollout?.phase).toBe('completed');
    const back = switched();
    back.requests = { ...back.requests, aborted: true };
    back.stay(60_000);
    expect(revisionsOf(back.serving)).toEqual([1, 1]);
  });

  it('does not happen to a rollback', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(baking);
    if (world.rollout !== undefined) world.rollout = { ...world.rollout, isRollback: true };
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('completed');
  });
});

describe('`pause`', () => {
  it('holds a rolling replacement half way, with full capacity, and meets no deadline', () => {
    const world = upOn(rolling, 4);
    const begun = world.now;
    world.deploy(rolling, { ...polite, bootMs: 10_000 });
    world.stay(25_000);
    world.requests = { ...world.requests, paused: true };
    world.stay(7_200_000);
    expect(world.rollout).toMatchObject({ phase: 'replacing', waitsFor: 'resume' });
    expect(new Set(revisionsOf(world.serving))).toEqual(new Set([1, 2]));
    expect(world.serving.length).toBeGreaterThanOrEqual(4);
    expect(world.now - begun).toBeGreaterThan(600_000);
    world.requests = { ...world.requests, paused: false };
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    expect(revisionsOf(world.live)).toEqual([2, 2, 2, 2]);
  });

  it.each([1, 2])('brings back a replica of revision %i that crashes meanwhile', (revision) => {
    const world = upOn(rolling, 4);
    world.deploy(rolling, { ...polite, bootMs: 10_000 });
    world.stay(25_000);
    world.requests = { ...world.requests, paused: true };
    world.stay(60_000);
    const before = revisionsOf(world.serving);
    const victim = world.serving.find((replica) => replica.revision === revision);
    if (victim !== undefined) world.crash(victim.id, 1);
    world.stay(60_000);
    expect(revisionsOf(world.serving).filter((each) => each === revision).length).toBeGreaterThan(0);
    expect(world.serving.length).toBeGreaterThanOrEqual(Math.min(4, before.length));
  });

  it('stops the clock of a canary step, not its analysis', () => {
    const policy: RolloutPolicy = { ...canary, canary: { steps: [{ percent: 50, pause: 60 }], matches: [] } };
    const world = upOn(policy, 1);
    world.traffic = () => good;
    world.deploy(policy);
    world.stay(30_000);
    world.requests = { ...world.requests, paused: true };
    world.stay(600_000);
    expect(world.rollout?.phase).toBe('canary');
    world.traffic = (each) => (each === 2 ? { ...good, failed: 50 } : good);
    world.stay(1000);
    expect(world.rollout?.failure?.code).toBe('ROLLOUT_REGRESSED');
  });

  it('leaves a stop-first service running with the version it has', () => {
    const world = upOn(stopStart, 1);
    world.deploy(stopStart, { ...polite, bootMs: 20_000 });
    world.stay(1000);
    world.requests = { ...world.requests, paused: true };
    world.stay(120_000);
    expect(world.serving).toHaveLength(1);
  });
});

describe('the progress deadline', () => {
  it('ends a rollout that waits for a dependency which does nothing', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(bluegreen);
    world.waitsFor = { waitingFor: ['db'] };
    world.stay(700_000);
    expect(world.rollout).toMatchObject({ phase: 'failed' });
    expect(world.rollout?.failure?.message).toContain('db, which it depends on, did not come up');
  });

  it.each(['building', 'checking', 'pre-deploy', 'staging', 'replacing', 'verifying'] as const)(
    'ends a rollout that is %s for longer than that, and says so',
    (phase) => {
      const world = upOn(bluegreen, 1);
      world.deploy(bluegreen);
      const { rollout } = world;
      const history = [{ phase: 'waiting', at: 0 } as const, { phase, at: 0 }];
      const pending = { kind: 'pending' } as const;
      const stuck = {
        ...world.situation(),
        now: 600_000,
        checks: { ...nothingToCheck, before: pending, smoke: pending, after: pending },
        preDeploy: pending,
        ...(rollout !== undefined && { rollout: { ...rollout, phase, history } }),
      };
      expect(planService({ ...stuck, now: 599_999 }).rollout?.phase).toBe(phase);
      const { failure } = planService(stuck).rollout ?? {};
      expect(failure?.message).toContain(`was still ${phase} at its progress deadline of 600 s`);
    },
  );

  it('waits as long as the dependency waits for a person', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(bluegreen);
    world.waitsFor = { waitingFor: ['db'], movedAt: 'person' };
    world.stay(7_000_000);
    expect(world.rollout?.phase).toBe('waiting');
  });

  it('completes a rollout whose old version cannot be ended: the new one serves', () => {
    const world = new World(1);
    world.deploy(bluegreen, { ...polite, ignoresSigterm: true, ignoresSigkill: true });
    world.run();
    world.deploy(bluegreen);
    world.stay(1_000_000);
    expect(world.rollout?.phase).toBe('completed');
    expect(revisionsOf(world.serving)).toEqual([2]);
  });
});
