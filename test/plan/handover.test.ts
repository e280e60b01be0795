import { describe, expect, it } from 'vitest';
import type { Departure, RolloutPolicy } from '../../src/model/index.ts';
import { bluegreen, rolling, singleton } from './policies.ts';
import { polite, World } from './world.ts';

const hook = { command: 'true', form: 'exec', timeoutSeconds: 10 } as const;
/** Nobody is routed to a worker, so nothing is drained at the proxy; it gets half an hour after SIGTERM. */
const worker: RolloutPolicy = {
  ...rolling,
  drain: { http: 'none', sse: 'none', websocket: 'none', timeoutSeconds: 0 },
  stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 1800 }] },
  progressDeadlineSeconds: 7200,
};
const idle = { ...polite, inFlight: 0, finishMs: 0 };

const after = (world: World, before: number) => world.log.slice(before).map(({ operation }) => operation);

const departures = (world: World): readonly Departure[] =>
  world.log.flatMap(({ operation }) =>
    operation.kind === 'remove' && operation.departure !== undefined ? [operation.departure] : [],
  );

describe('a replica that has to go', () => {
  it('runs its drain command before the first signal, and the check before it is forgotten', () => {
    const policy = { ...bluegreen, handover: { command: hook, check: hook } };
    const world = new World(1);
    world.deploy(policy);
    world.run();
    const before = world.log.length;
    world.deploy(policy);
    world.run();
    const kinds = after(world, before).map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('drain'))).toEqual(['drain', 'drain-command', 'signal', 'drain-check', 'remove']);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('that swallowed its signals is told from one that ended by itself', () => {
    const world = new World(1);
    world.deploy(bluegreen, { ...polite, ignoresSigterm: true });
    world.run();
    world.deploy(bluegreen);
    world.run();
    world.deploy(bluegreen);
    world.run();
    expect(departures(world).map(({ revision, wasKilled }) => ({ revision, wasKilled }))).toEqual([
      { revision: 1, wasKilled: true },
      { revision: 2, wasKilled: false },
    ]);
  });

  it('has no departure to report when it crashed instead', () => {
    const world = new World(1);
    world.deploy(bluegreen);
    world.run();
    for (const replica of world.live) world.crash(replica.id, 1);
    world.stay(60_000);
    expect(departures(world)).toEqual([]);
  });
});

describe('workers that take half an hour to finish', () => {
  it('leave while the new ones work, and a newer deploy does not wait for them', () => {
    const world = new World(2);
    world.deploy(worker, { ...idle, stopMs: 1_700_000 });
    world.run();
    world.deploy(worker, idle);
    world.stay(60_000);
    expect(world.rollout?.phase).toBe('retiring');
    expect(world.serving.map(({ revision }) => revision)).toEqual([2, 2]);
    world.deploy(worker, idle);
    world.stay(60_000);
    expect(world.serving.map(({ revision }) => revision)).toEqual([3, 3]);
    expect(world.live.filter(({ revision }) => revision === 1)).toHaveLength(2);
    world.run(4_000_000);
    expect(world.rollout?.phase).toBe('completed');
    expect(world.live.map(({ revision }) => revision)).toEqual([3, 3]);
    expect(departures(world).every(({ wasKilled }) => !wasKilled)).toBe(true);
  });

  it('replaced concurrently: the old ones are told to finish at once, and the new ones start meanwhile', () => {
    const concurrent: RolloutPolicy = { ...worker, strategy: 'concurrent', order: 'concurrent' };
    const world = new World(2);
    world.deploy(concurrent, { ...idle, stopMs: 600_000 });
    world.run();
    const before = world.log.length;
    const at = world.now;
    world.deploy(concurrent, idle);
    world.stay(5000);
    const begun = world.log
      .slice(before)
      .filter(({ operation }) => operation.kind === 'start' || operation.kind === 'signal');
    expect(begun.map(({ operation }) => operation.kind).sort()).toEqual(['signal', 'signal', 'start', 'start']);
    expect(Math.max(...begun.map((entry) => entry.at)) - at).toBeLessThan(1000);
    world.run(4_000_000);
    expect(world.rollout?.phase).toBe('completed');
  });

  it('that are singletons never work beside their successor', () => {
    let most = 0;
    const world = new World(1, (state) => {
      most = Math.max(most, state.live.length);
    });
    const policy: RolloutPolicy = {
      ...worker,
      ...singleton,
      stop: worker.stop,
      drain: worker.drain,
      progressDeadlineSeconds: 7200,
    };
    world.deploy(policy, { ...idle, stopMs: 1_700_000 });
    world.run();
    world.deploy(policy, idle);
    world.run(4_000_000);
    expect(world.rollout?.phase).toBe('completed');
    expect(most).toBe(1);
  });
});
