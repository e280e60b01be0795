import { describe, expect, it } from 'vitest';
import type { RolloutPolicy } from '../../src/model/index.ts';
import { bluegreen, canary, rolling, singleton, stopStart } from './policies.ts';
import { polite, World } from './world.ts';

const upOn = (policy: typeof bluegreen, replicas: number): World => {
  const world = new World(replicas);
  world.deploy(policy);
  world.run();
  expect(world.rollout?.phase).toBe('completed');
  expect(world.serving).toHaveLength(replicas);
  return world;
};

const kinds = (world: World): readonly string[] => world.log.map((entry) => entry.operation.kind);

describe('a first deploy', () => {
  it('builds, starts every replica, routes them when ready and completes', () => {
    const world = upOn(bluegreen, 2);
    expect(kinds(world).slice(0, 3)).toEqual(['build', 'start', 'start']);
    expect(world.live).toHaveLength(2);
  });

  it('serves with the first ready replica, without waiting for the others', () => {
    const world = new World(2);
    world.deploy(bluegreen);
    const firstRoute = () => world.log.find((entry) => entry.operation.kind === 'route');
    world.run();
    expect(firstRoute()?.at).toBeLessThan(2000);
  });
});

describe('blue-green', () => {
  it('switches all replicas in one table and drains the old ones before their signal', () => {
    const world = upOn(bluegreen, 2);
    const before = world.log.length;
    world.deploy(bluegreen);
    world.run();
    const operations = world.log.slice(before).map((entry) => entry.operation);
    const routes = operations.filter((operation) => operation.kind === 'route');
    expect(routes).toHaveLength(1);
    const order = operations.map((operation) => operation.kind);
    expect(order.indexOf('drain')).toBeGreaterThan(order.indexOf('route'));
    expect(order.indexOf('signal')).toBeGreaterThan(order.indexOf('drain'));
    expect(world.rollout?.phase).toBe('completed');
    expect(world.live.every((replica) => replica.revision === 2)).toBe(true);
  });

  it('keeps both versions for overlapSeconds after the switch', () => {
    const world = upOn(bluegreen, 1);
    const before = world.log.length;
    world.deploy({ ...bluegreen, overlapSeconds: 20 });
    world.run();
    const at = (kind: string) => world.log.slice(before).find((entry) => entry.operation.kind === kind)?.at ?? 0;
    expect(at('drain') - at('route')).toBeGreaterThanOrEqual(20_000);
  });

  it('leaves the old version as it was when the new one never becomes ready', () => {
    const world = upOn(bluegreen, 2);
    const old = world.serving.map((replica) => replica.id);
    world.deploy(bluegreen, { ...polite, neverReady: true });
    world.run();
    expect(world.rollout?.phase).toBe('failed');
    expect(world.rollout?.failure?.message).toContain('never became ready within 60 s: connection refused');
    expect(world.live.map((replica) => replica.id)).toEqual(old);
  });

  it('fails at once when the new version cannot be started', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(bluegreen, { ...polite, notStarted: true });
    const begun = world.now;
    world.run();
    expect(world.rollout?.failure?.message).toContain('could not be started');
    expect((world.rollout?.history.at(-1)?.at ?? 0) - begun).toBeLessThan(1000);
    expect(world.serving).toHaveLength(1);
  });

  it('shows the output of a version that crashes until its restarts are used up', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(bluegreen, { ...polite, exits: { afterMs: 100, code: 3 } });
    world.run();
    expect(world.rollout?.failure?.message).toContain('exited with code 3; gave up after 3 restarts');
    expect(world.rollout?.failure?.output).toEqual(['its last line']);
    expect(
      world.log.filter((entry) => entry.operation.kind === 'start' && entry.operation.replica.revision === 2),
    ).toHaveLength(4);
  });

  it('fails a version that exits 0 before it is ready, as ON_FAILURE does not restart it', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(bluegreen, { ...polite, exits: { afterMs: 100, code: 0 } });
    world.run();
    expect(world.rollout?.failure?.message).toContain('exited with code 0');
  });
});

describe('rolling', () => {
  it('replaces one by one and never serves with fewer than wanted', () => {
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    const world = new World(3, (state) => {
      if (state.active === undefined) return;
      least = Math.min(least, state.serving.length);
      most = Math.max(most, state.live.filter((replica) => replica.unroutedAt === undefined).length);
    });
    world.deploy(rolling);
    world.run();
    world.deploy(rolling);
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    expect(least).toBe(3);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('goes back to the old version when the second replica of the new one fails', () => {
    const world = upOn(rolling, 3);
    let started = 0;
    world.deploy(rolling);
    const behaviour = polite;
    expect(behaviour.bootMs).toBe(1000);
    // The second replica of revision 2 dies as often as it is started.
    const step = (): void => {
      for (const replica of world.live) {
        if (replica.revision === 2 && replica.slot === 1) {
          started += 1;
          world.crash(replica.id, 1);
        }
      }
      if (!world.isSettled()) world.after(100, step);
    };
    world.after(0, step);
    world.run();
    expect(started).toBeGreaterThan(1);
    expect(world.rollout?.phase).toBe('failed');
    expect(world.serving.map((replica) => replica.revision)).toEqual([1, 1, 1]);
  });
});

describe('stop-start', () => {
  it('starts the new version only after the old one ended', () => {
    const world = upOn(stopStart, 2);
    const before = world.log.length;
    world.deploy(stopStart);
    world.run();
    const operations = world.log.slice(before);
    const lastSignal = operations.findLast((entry) => entry.operation.kind === 'signal')?.at ?? 0;
    const firstStart = operations.find((entry) => entry.operation.kind === 'start')?.at ?? 0;
    expect(firstStart).toBeGreaterThan(lastSignal);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('builds before it stops anything', () => {
    const world = upOn(stopStart, 1);
    const before = world.log.length;
    world.deploy(stopStart);
    world.run();
    expect(world.log[before]?.operation.kind).toBe('build');
  });

  it('brings the old version back when the new one fails', () => {
    const world = upOn(stopStart, 1);
    world.deploy(stopStart, { ...polite, neverReady: true });
    world.run();
    expect(world.rollout?.phase).toBe('failed');
    expect(world.serving.map((replica) => replica.revision)).toEqual([1]);
  });
});

describe('a singleton', () => {
  it('never runs twice, not even while the old one ignores SIGTERM', () => {
    let most = 0;
    const world = new World(1, (state) => {
      most = Math.max(most, state.live.length);
    });
    world.deploy(singleton, { ...polite, ignoresSigterm: true });
    world.run();
    world.deploy(singleton);
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    expect(most).toBe(1);
  });
});

describe('signals', () => {
  it('sends SIGKILL only after the grace has passed', () => {
    const world = upOn(bluegreen, 1);
    world.deploy(bluegreen, { ...polite, ignoresSigterm: true });
    world.run();
    const before = world.log.length;
    world.deploy(bluegreen);
    world.run();
    const signals = world.log.slice(before).filter((entry) => entry.operation.kind === 'signal');
    expect(signals.map((entry) => entry.operation.kind === 'signal' && entry.operation.signal)).toEqual([
      'SIGTERM',
      'SIGKILL',
    ]);
    expect((signals[1]?.at ?? 0) - (signals[0]?.at ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  it('cuts what is in flight at the drain deadline, not before', () => {
    const world = new World(1);
    world.deploy(bluegreen, { ...polite, finishMs: 1_000_000 });
    world.run();
    const before = world.log.length;
    world.deploy(bluegreen);
    world.run();
    const at = (kind: string) => world.log.slice(before).find((entry) => entry.operation.kind === kind)?.at ?? 0;
    expect(at('signal') - at('drain')).toBeGreaterThanOrEqual(30_000);
  });

  it('follows the switch at once when the policy drains nothing', () => {
    const world = upOn(bluegreen, 1);
    const before = world.log.length;
    world.deploy({
      ...bluegreen,
      drain: { http: 'none', sse: 'none', websocket: 'none', timeoutSeconds: 0 },
      stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 0 }] },
    });
    world.run();
    const after = world.log.slice(before).map((entry) => entry.operation.kind);
    expect(after).not.toContain('drain');
    const signals = world.log.slice(before).filter((entry) => entry.operation.kind === 'signal');
    expect(signals.map((entry) => entry.operation.kind === 'signal' && entry.operation.signal)).toContain('SIGTERM');
  });
});

describe('a newer manifest', () => {
  it('takes over from a rollout that is under way without lowering capacity', () => {
    let least = Number.POSITIVE_INFINITY;
    const world = new World(2, (state) => {
      if (state.active !== undefined) least = Math.min(least, state.serving.length);
    });
    world.deploy(bluegreen);
    world.run();
    world.deploy(bluegreen, { ...polite, bootMs: 30_000 });
    world.after(3000, () => world.deploy(bluegreen));
    world.run();
    expect(world.rollout?.phase).toBe('completed');
    expect(world.live.map((replica) => replica.revision)).toEqual([3, 3]);
    expect(least).toBe(2);
  });

  it('rescues a stop-start that was caught with nothing running', () => {
    const world = upOn(stopStart, 1);
    world.deploy(stopStart, { ...polite, neverReady: true });
    world.after(20_000, () => world.deploy(stopStart));
    world.run();
    expect(world.live.map((replica) => replica.revision)).toEqual([3]);
    expect(world.rollout?.phase).toBe('completed');
  });
});

describe('a version with another number of replicas', () => {
  const startsOf = (world: World, revision: number): number =>
    world.log.filter(({ operation }) => operation.kind === 'start' && operation.replica.revision === revision).length;

  it.each<[string, RolloutPolicy]>([
    ['blue-green', bluegreen],
    ['rolling', rolling],
    ['stop-start', stopStart],
    ['canary', { ...canary, canary: { steps: [{ percent: 50, pause: 60 }], matches: [] } }],
  ])('starts none of the old one, which keeps its own number: %s', (_how, policy) => {
    const world = upOn(singleton, 1);
    world.wanted = { replicas: 3, before: 1 };
    world.traffic = () => ({ requests: 100, failed: 0, p95Ms: 20, p99Ms: 40 });
    world.deploy(policy);
    world.run(2_000_000);
    expect(world.rollout?.phase).toBe('completed');
    expect(world.serving).toHaveLength(3);
    expect([startsOf(world, 1), startsOf(world, 2)]).toEqual([1, 3]);
  });

  it('leaves the old one its number when it fails', () => {
    const world = upOn(singleton, 1);
    world.wanted = { replicas: 3, before: 1 };
    world.deploy(rolling, { ...polite, neverReady: true });
    world.run(2_000_000);
    expect(world.rollout?.phase).toBe('failed');
    expect(world.live.map(({ revision, slot }) => [revision, slot])).toEqual([[1, 0]]);
    expect(startsOf(world, 1)).toBe(1);
  });

  it('has the old one whole until it takes over with fewer', () => {
    const world = upOn(bluegreen, 3);
    world.wanted = { replicas: 1, before: 3 };
    world.waitsFor = { waitingFor: ['database'] };
    world.deploy(bluegreen);
    world.step();
    const [first] = world.serving;
    if (first !== undefined) world.crash(first.id, 1);
    world.stay(15_000);
    expect(world.serving.map(({ revision }) => revision)).toEqual([1, 1, 1]);
    world.waitsFor = { waitingFor: [] };
    world.run();
    expect(world.live.map(({ revision }) => revision)).toEqual([2]);
  });
});

describe('outside a rollout', () => {
  it('replaces a crashed replica with backoff and gives up by the policy', () => {
    const world = upOn(bluegreen, 1);
    const crash = (): void => {
      for (const replica of world.live) world.crash(replica.id, 1);
      world.after(10_000, crash);
    };
    world.after(0, crash);
    const said = (plan: ReturnType<World['step']>, type: string) =>
      plan.conditions.find((condition) => condition.type === type);
    const crashing = world.run(5000);
    expect(said(crashing, 'Degraded')).toMatchObject({
      reason: 'Crashing',
      message: expect.stringMatching(/replica 0 .* ended once; `pointsman logs \w+`/),
    });
    const plan = world.run(300_000);
    expect(said(plan, 'Degraded')).toMatchObject({
      reason: 'GaveUpRestarting',
      message: expect.stringMatching(/Deploy a repaired version/),
    });
    expect(said(plan, 'Available')).toMatchObject({
      status: 'false',
      message: expect.stringMatching(/; `pointsman logs/),
    });
    expect(world.log.filter((entry) => entry.operation.kind === 'start')).toHaveLength(4);
  });

  it('scales up and down without a rollout', () => {
    const world = upOn(bluegreen, 1);
    world.wanted = { replicas: 3 };
    world.run();
    expect(world.serving).toHaveLength(3);
    world.wanted = { replicas: 1 };
    world.run();
    expect(world.live).toHaveLength(1);
    expect(world.revisions).toHaveLength(1);
  });

  it('removes everything when the service leaves the manifest', () => {
    const world = upOn(bluegreen, 2);
    world.wanted = undefined;
    world.run();
    expect(world.replicas).toHaveLength(0);
  });
});
