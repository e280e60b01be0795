import { bluegreen } from '../plan/policies.ts';
import { allReactions } from './play.ts';
import { polite } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { World } from './world.ts';

/** So many services that all work, without any trouble. */
const crowdOf = (services: number, replicas: number): Scenario => ({
  seed: 1,
  services: Array.from({ length: services }, (_, index) => ({
    name: `web${index}`,
    version: 0,
    policy: bluegreen,
    replicas,
    dependsOn: [],
    volume: false,
    preDeploy: false,
    domain: `web${index}.localhost`,
    checks: [],
    requests: 0,
  })),
  versions: [0, 1].map(() => ({ ...polite, buildMs: 1, bootMs: 10, stopMs: 1 })),
  weather: { callMs: 1, looksAreOld: false, callsOutliveCaller: false },
  events: [],
  calmAt: 0,
});

/** A world in which all of them are up. */
export const crowd = async (services: number, replicas: number): Promise<World> => {
  const world = new World(crowdOf(services, replicas));
  world.supervisorStarts();
  await passUntil(world, () => world.rules.whatIsNotRight() === undefined);
  return world;
};

/** Lets so much virtual time pass. */
export const pass = async (world: World, milliseconds: number): Promise<void> => {
  const end = world.time.now + milliseconds;
  await allReactions();
  while ((world.time.nextAt ?? end) < end) {
    world.time.step();
    await allReactions();
  }
};

/** Asked in pauses only: while something is under way the answer is no anyway. */
export const passUntil = async (world: World, isDone: () => boolean): Promise<void> => {
  await allReactions();
  for (;;) {
    const gap = (world.time.nextAt ?? world.time.now) - world.time.now;
    if (gap > 500 && isDone()) return;
    world.time.step();
    await allReactions();
  }
};

/** One service gets a new version, as an edit of the manifest. */
export const change = (world: World, service: string): void => {
  const before = world.manifest.services.get(service);
  if (before === undefined) throw new Error(`no service ${service}`);
  world.manifest.services = new Map([
    ...world.manifest.services,
    [service, { ...before, version: before.version === 0 ? 1 : 0 }],
  ]);
  world.rules.afterAsking();
  world.onFileChange();
};
