import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { expectBooksInOrder } from './books.ts';
import { Lines } from './command-line.ts';
import { politeSpec } from './manifests.ts';
import type { Spec } from './manifests.ts';
import type { Project } from './project.ts';
import { ask, load, slowCalls } from './traffic.ts';

/** The services of a disturbed project, each named after the way in which it is replaced. */
export const strategies = ['rolling', 'blue-green'] as const;
export type Strategy = (typeof strategies)[number];
export type PerStrategy<Value> = Readonly<Record<Strategy, Value>>;

export const hostOf = (strategy: Strategy): string => `${strategy}.disturbed.localhost`;

export const perStrategy = <Value>(make: (strategy: Strategy) => Value): PerStrategy<Value> => ({
  rolling: make('rolling'),
  'blue-green': make('blue-green'),
});

/** Long enough in each phase that what happens in one of a service's finds the other one there too. */
export const bothStrategies = (deploy: Spec = {}, more: Spec = {}): PerStrategy<Spec> =>
  perStrategy((strategy) =>
    politeSpec(
      hostOf(strategy),
      { strategy, numReplicas: 2, overlapSeconds: 1, ...deploy },
      { variables: { RELEASE: '1', BOOT_MS: '500' }, ...more },
    ),
  );

export interface Disturbance {
  /** What the new version answers with. */
  readonly release: string;
  /** The reason of the event of this deploy at which it happens: both services have told it. */
  readonly moment: string;
  readonly happens: (events: PerStrategy<Event>) => Promise<unknown>;
  /** What can be seen once the verb has ended, or after a while, before anything is repaired. */
  readonly meanwhile?: () => Promise<void>;
  /** Once the verb has ended, whatever it said; or after a while, because it may wait for the repair. */
  readonly repair?: () => void;
  /** Requests may also be those that take a second; default: yes. Whoever ends replicas by hand ends those. */
  readonly slowToo?: boolean;
  /** What is asked for; default: /. */
  readonly path?: string;
  /** Replicas that the product has not removed itself. */
  readonly removedByHand?: readonly string[];
}

export type Result = 'finished' | 'reverted';

const longestTroubleMs = 5000;

/**
 * A deploy of both services under load in which something goes wrong: each finishes or goes back, no request is lost,
 * nothing is left over, and all that keeps a record says the same.
 */
export const disturbedDeploy = async (project: Project, disturbance: Disturbance): Promise<PerStrategy<Result>> => {
  const { release, path, slowToo = true } = disturbance;
  const url = await project.url(path);
  return underLoad({ url, slowToo }, async () => {
    await deployDisturbed(project, disturbance);
    await expectOrder(project, disturbance.removedByHand);
    const [rolling, blueGreen] = await Promise.all(
      strategies.map(async (each): Promise<Result> => {
        const { body } = await ask(url, hostOf(each));
        return body.includes(`"release":"${release}"`) ? 'finished' : 'reverted';
      }),
    );
    return { rolling: rolling ?? 'reverted', 'blue-green': blueGreen ?? 'reverted' };
  });
};

/** All is at rest, and what runs is what everybody says. */
export const expectOrder = async (project: Project, removedByHand?: readonly string[]): Promise<void> => {
  const services = await Promise.all(strategies.map((each) => project.settled(each)));
  await expectBooksInOrder(project, services, removedByHand);
};

/** Both services are asked all the while, and no request fails. */
export const underLoad = async <Value>(
  { url, slowToo }: { readonly url: string; readonly slowToo: boolean },
  body: () => Promise<Value>,
): Promise<Value> => {
  const calls = await Promise.all(strategies.map((each) => load(url, hostOf(each), 100)));
  const slow = slowToo ? strategies.map((each) => slowCalls(`${url}slow?ms=1000`, hostOf(each), 300)) : [];
  try {
    return await body();
  } finally {
    const [fast, held] = await Promise.all([
      Promise.all(calls.map((each) => each.stop())),
      Promise.all(slow.map((each) => each.stop())),
    ]);
    const lost = [...fast.map(({ failures }) => failures), ...held.flatMap(({ failed }) => failed)];
    expect(lost).toEqual([{}, {}]);
    for (const { sent } of fast) expect(sent).toBeGreaterThan(0);
  }
};

const deployDisturbed = async (project: Project, disturbance: Disturbance): Promise<void> => {
  const { release, moment, happens, meanwhile, repair } = disturbance;
  const known = (await project.events()).at(-1)?.sequence ?? 0;
  const events = new Lines(project.start('events', '--follow', '--json'));
  const deploy = new Lines(project.start('deploy', ...strategies, '--variable', `RELEASE=${release}`));
  const told = async (service: Strategy): Promise<Event> => {
    const isTheOne = (event: Event): boolean =>
      event.sequence > known && event.reason === moment && event.service === service;
    return JSON.parse(await events.find((line) => isTheOne(JSON.parse(line) as Event))) as Event;
  };
  try {
    const [rolling, blueGreen] = await Promise.all([told('rolling'), told('blue-green')]);
    await happens({ rolling, 'blue-green': blueGreen });
    await Promise.race([deploy.end(), ...(repair === undefined ? [] : [delay(longestTroubleMs)])]);
    await meanwhile?.();
    repair?.();
  } finally {
    await Promise.all([deploy.stop(), events.stop()]);
  }
};
