import { describe, expect, it } from 'vitest';
import type { CheckState } from '../../src/plan/index.ts';
import { bluegreen, rolling, stopStart } from './policies.ts';
import { nothingToCheck, polite, World } from './world.ts';

const pending = { kind: 'pending' } as const;

const upOn = (policy: typeof bluegreen, replicas = 2): World => {
  const world = new World(replicas);
  world.deploy(policy);
  world.run();
  expect(world.rollout?.phase).toBe('completed');
  return world;
};

const deployChecked = (world: World, policy: typeof bluegreen, checks: Partial<CheckState>): number => {
  const before = world.log.length;
  world.checks = { ...nothingToCheck, ...checks };
  world.deploy(policy);
  world.run();
  return before;
};

const serving = (world: World): readonly number[] => world.serving.map(({ revision }) => revision);

describe('checks before a deploy', () => {
  it('come after the build and before anything changes', () => {
    const world = upOn(bluegreen);
    const from = deployChecked(world, bluegreen, { before: pending });
    expect(world.log.slice(from, from + 3).map(({ operation }) => operation.kind)).toEqual([
      'build',
      'verify',
      'start',
    ]);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('block it: not one replica is touched', () => {
    const world = upOn(bluegreen);
    const old = world.serving.map(({ id }) => id);
    world.findings = { before: () => false };
    const from = deployChecked(world, bluegreen, { before: pending });
    expect(world.log.slice(from).map(({ operation }) => operation.kind)).toEqual(['build', 'verify']);
    expect(world.rollout).toMatchObject({ phase: 'failed', failure: { code: 'CHECK_FAILED' } });
    expect(world.serving.map(({ id }) => id)).toEqual(old);
  });
});

describe('checks during a deploy', () => {
  it('go round while replicas are replaced', () => {
    const world = upOn(rolling, 5);
    const from = deployChecked(world, { ...rolling }, { during: pending });
    const rounds = world.log.slice(from).filter(({ operation }) => operation.kind === 'verify');
    expect(rounds.length).toBeGreaterThan(1);
    expect(
      rounds
        .map(({ at }) => at)
        .slice(1)
        .every((at, index) => at - (rounds[index]?.at ?? 0) >= 5000),
    ).toBe(true);
    expect(world.rollout?.phase).toBe('completed');
  });

  it.each([
    ['blue-green', bluegreen],
    ['rolling', rolling],
  ])('end a %s rollout while the old version serves', (_name, policy) => {
    const world = upOn(policy, 3);
    world.findings = { during: () => false };
    deployChecked(world, policy, { during: pending });
    expect(world.rollout).toMatchObject({ phase: 'failed', failure: { code: 'CHECK_FAILED' } });
    expect(serving(world)).toEqual([1, 1, 1]);
    expect(world.live).toHaveLength(3);
  });
});

describe('checks after a deploy', () => {
  it('let the old replicas stand by, idle, until they succeed', () => {
    const world = upOn(bluegreen);
    const old = new Set(world.serving.map(({ id }) => id));
    const from = deployChecked(world, bluegreen, { after: pending });
    const kinds = world.log.slice(from).map(({ operation }) => operation.kind);
    expect(kinds.indexOf('verify')).toBeGreaterThan(kinds.indexOf('route'));
    expect(kinds.indexOf('drain')).toBeGreaterThan(kinds.indexOf('verify'));
    expect(world.rollout?.phase).toBe('completed');
    expect(world.live.some(({ id }) => old.has(id))).toBe(false);
  });

  it('bring the very same old replicas back in one table, once', () => {
    const world = upOn(bluegreen);
    const old = world.serving.map(({ id }) => id);
    world.findings = { after: () => false };
    const from = deployChecked(world, bluegreen, { after: pending });
    const routes = world.log.slice(from).filter(({ operation }) => operation.kind === 'route');
    expect(routes).toHaveLength(2);
    expect(world.rollout).toMatchObject({ phase: 'failed', failure: { code: 'CHECK_FAILED' } });
    expect(world.serving.map(({ id }) => id)).toEqual(old);
    expect(world.live).toHaveLength(2);
  });

  it('start the old version again where it had to stop first', () => {
    const world = upOn(stopStart, 1);
    world.findings = { after: () => false };
    deployChecked(world, stopStart, { after: pending });
    expect(world.rollout?.phase).toBe('failed');
    expect(serving(world)).toEqual([1]);
  });

  it('never undo a rollback', () => {
    const world = upOn(bluegreen);
    world.findings = { after: () => false };
    world.checks = { ...nothingToCheck, after: pending };
    world.deploy(bluegreen, polite);
    if (world.rollout !== undefined) world.rollout = { ...world.rollout, isRollback: true };
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    expect(serving(world)).toEqual([2, 2]);
  });
});
