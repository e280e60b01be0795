import { describe, expect, it } from 'vitest';
import type { RolloutPolicy } from '../../src/model/index.ts';
import { describePolicy } from '../../src/plan/index.ts';
import { canary } from './policies.ts';
import { nothingToCheck, polite, World } from './world.ts';

const good = { requests: 100, failed: 0, p95Ms: 20, p99Ms: 40 };

const upOn = (policy: RolloutPolicy, replicas: number): World => {
  const world = new World(replicas);
  world.deploy(policy);
  world.run();
  world.traffic = () => good;
  return world;
};

const timed = (
  steps: NonNullable<RolloutPolicy['canary']>['steps'],
  more: Partial<RolloutPolicy> = {},
): RolloutPolicy => ({
  ...canary,
  canary: { steps, matches: [] },
  ...more,
});

const liveOf = (world: World, revision: number): number =>
  world.live.filter((replica) => replica.revision === revision).length;

const shareOf = (world: World, revision: number): number | undefined =>
  world.split?.shares.find((share) => share.revision === revision)?.percent;

const phases = (world: World): readonly string[] => world.rollout?.history.map(({ phase }) => phase) ?? [];

describe('a canary', () => {
  it('skips its steps where no version runs that it could harm', () => {
    const world = upOn(canary, 2);
    expect(phases(world)).not.toContain('canary');
    expect(world.rollout?.phase).toBe('completed');
  });

  it('gets its share with as many replicas as it needs, while the old version stays whole', () => {
    const world = upOn(canary, 4);
    world.deploy(canary);
    world.stay(60_000);
    expect(world.rollout).toMatchObject({ phase: 'canary', waitsFor: 'promotion' });
    expect([liveOf(world, 1), liveOf(world, 2)]).toEqual([4, 1]);
    expect(shareOf(world, 2)).toBe(10);
    expect(world.split?.matches).toEqual([{ by: 'header', name: 'x-canary', revision: 2 }]);
  });

  it('goes on after `promote`, waits out the pause of the next step, then takes over everything', () => {
    const world = upOn(canary, 4);
    world.deploy(canary);
    world.stay(60_000);
    world.requests = { ...world.requests, promotions: 1 };
    world.stay(20_000);
    expect([liveOf(world, 1), liveOf(world, 2), shareOf(world, 2)]).toEqual([4, 2, 50]);
    const since = world.rollout?.canary?.since ?? 0;
    world.run();
    const switched = world.rollout?.history.find(({ phase }) => phase === 'replacing')?.at ?? 0;
    expect(switched - since).toBeGreaterThanOrEqual(60_000);
    expect(world.rollout?.phase).toBe('completed');
    expect(world.live.map(({ revision }) => revision)).toEqual([2, 2, 2, 2]);
    expect(world.split).toBeUndefined();
  });

  it('uses up one step per `promote`, and none of those said before', () => {
    const policy = timed([
      { percent: 10, pause: 'promote' },
      { percent: 20, pause: 'promote' },
    ]);
    const world = upOn(policy, 1);
    world.deploy(policy);
    world.stay(60_000);
    world.requests = { ...world.requests, promotions: 1 };
    world.stay(60_000);
    expect(world.rollout).toMatchObject({ phase: 'canary', waitsFor: 'promotion', canary: { step: 1 } });
    expect(shareOf(world, 2)).toBe(20);
  });

  it('skips all further steps when asked to', () => {
    const world = upOn(canary, 2);
    world.deploy(canary);
    world.stay(60_000);
    world.requests = { ...world.requests, promotions: 1, toTheEnd: true };
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('completed');
  });

  it.each([
    [
      'fails more often',
      { ...good, failed: 12 },
      '12 % of 100 requests failed, 0 % with the old version (limit 5 %: deploy.analysis.maxErrorIncrease 5)',
    ],
    [
      'is slower',
      { ...good, p95Ms: 90 },
      'p95 is 90 ms, 20 ms with the old version (limit 50 ms: deploy.analysis.maxLatencyRatio.p95 2, and 10 ms)',
    ],
  ])('is taken back at once when it %s, naming the limit', (_how, seen, words) => {
    const world = upOn(canary, 4);
    const old = world.serving.map(({ id }) => id);
    world.deploy(canary);
    world.stay(30_000);
    world.traffic = (revision) => (revision === 2 ? seen : good);
    world.stay(1000);
    expect(world.rollout?.failure).toMatchObject({ code: 'ROLLOUT_REGRESSED' });
    expect(world.rollout?.failure?.message).toContain(words);
    expect(world.rollout?.failure?.fix).toMatch(/`pointsman logs \w+` shows/);
    expect(world.serving.map(({ id }) => id)).toEqual(old);
    world.run();
    expect(world.live.map(({ id }) => id)).toEqual(old);
  });

  it('does not count as slower for a few milliseconds, nor as failing where the old version fails as often', () => {
    const world = upOn(canary, 1);
    world.deploy(canary);
    world.traffic = (revision) => ({ ...good, failed: 30, p95Ms: revision === 2 ? 9 : 2 });
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('canary');
  });

  it('is not called slower than an old version that answered nothing', () => {
    const world = upOn(canary, 1);
    world.deploy(canary);
    world.traffic = (revision) => (revision === 2 ? good : { requests: 100, failed: 100, p95Ms: 0, p99Ms: 0 });
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('canary');
  });

  it('concludes nothing from fewer requests than its minimum', () => {
    const world = upOn(canary, 1);
    world.deploy(canary);
    world.traffic = (revision) => (revision === 2 ? { ...good, requests: 19, failed: 19 } : good);
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('canary');
  });

  it.each([
    ['hold', { phase: 'canary', waitsFor: 'sample' }],
    ['abort', { phase: 'failed', failure: { code: 'ROLLOUT_REGRESSED' } }],
    ['promote', { phase: 'completed' }],
  ] as const)('that saw too few requests at the end of a step does what onNoSample says: %s', (onNoSample, ends) => {
    const analysis = { ...canary.analysis, onNoSample } as NonNullable<RolloutPolicy['analysis']>;
    const policy = timed([{ percent: 50, pause: 10 }], { analysis });
    const world = upOn(policy, 1);
    world.deploy(policy);
    world.traffic = () => undefined;
    world.stay(200_000);
    expect(world.rollout).toMatchObject(ends);
  });

  it('goes on by itself once a step that held for want of requests has got them', () => {
    const policy = timed([{ percent: 50, pause: 10 }]);
    const world = upOn(policy, 1);
    world.deploy(policy);
    world.traffic = () => undefined;
    world.stay(60_000);
    world.traffic = () => good;
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('starts its crashed replica again, and the old version gets all requests meanwhile', () => {
    const world = upOn(canary, 2);
    world.deploy(canary);
    world.stay(60_000);
    for (const replica of world.live) if (replica.revision === 2) world.crash(replica.id, 1);
    world.step();
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('canary');
    expect(world.serving.map(({ revision }) => revision)).toEqual([1, 1, 2]);
    expect(shareOf(world, 2)).toBe(10);
  });

  it('whose old version loses a replica gets it back: the old one stays whole', () => {
    const world = upOn(canary, 2);
    world.deploy(canary);
    world.stay(60_000);
    const old = world.live.find(({ revision }) => revision === 1);
    if (old !== undefined) world.crash(old.id, 1);
    world.stay(60_000);
    expect(liveOf(world, 1)).toBe(2);
  });

  it('that never becomes ready fails without a request having reached it', () => {
    const world = upOn(canary, 2);
    world.deploy(canary, { ...polite, neverReady: true });
    world.run();
    expect(world.rollout?.failure?.message).toContain('never became ready');
    expect(liveOf(world, 2)).toBe(0);
    expect(phases(world)).not.toContain('canary');
  });

  it('gives way to a newer deploy: its share goes back to the old version', () => {
    const world = upOn(canary, 2);
    world.deploy(canary);
    world.stay(60_000);
    world.deploy(canary, { ...polite, bootMs: 20_000 });
    world.stay(10_000);
    expect(world.serving.map(({ revision }) => revision)).toEqual([1, 1]);
    world.stay(60_000);
    expect(world.rollout).toMatchObject({ phase: 'canary', to: 3 });
    expect(world.split?.shares).toEqual([
      { revision: 1, percent: 90 },
      { revision: 3, percent: 10 },
    ]);
  });

  it('ends when a check that is asked during the deploy fails', () => {
    const world = upOn(canary, 1);
    world.deploy(canary);
    world.checks = { ...nothingToCheck, during: { kind: 'pending' } };
    world.findings = { during: (now) => now < 1_000_000 };
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('canary');
    world.findings = { during: () => false };
    world.stay(10_000);
    expect(world.rollout).toMatchObject({ phase: 'failed', failure: { code: 'CHECK_FAILED' } });
    expect(world.serving.map(({ revision }) => revision)).toEqual([1]);
  });

  it('reads as its steps', () => {
    expect(describePolicy(canary, 4)).toContain(
      '10 % until promote → 50 % 60 s, from the first step also header x-canary, one switch for all',
    );
  });
});
