import { expect, test, vi } from 'vitest';
import { DeathOrders } from './death-order.ts';
import type { Death } from './death-order.ts';
import { endedOperations, expectBooksInOrder } from './books.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.each-step.localhost';
const rate = 100;

/**
 * A deploy is watched and its operations are counted; then, version after version, the supervisor dies before and after
 * each of them and is started again as a user would. Which operations there are is not written down anywhere here.
 */
export const killedAtOperationSuite = (engine: EngineName, strategy: string, numReplicas: number): void => {
  test(`killed -9 before and after each operation of a ${strategy} deploy on ${engine}: nothing lost, nothing left`, async () => {
    const spec = politeSpec(host, { strategy, numReplicas }, { variables: { RELEASE: '1' } });
    const project = await Project.create(engine, manifestOf(`steps-${engine}-${strategy}`, { web: spec }));
    try {
      const orders = new DeathOrders(project);
      await project.up();
      const url = await project.url();
      const calls = await load(url, host, rate);
      try {
        await dieEverywhere({ project, url, orders });
      } finally {
        const { sent, failed, failures } = await calls.stop();
        expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
        expect(sent).toBeGreaterThan(rate);
      }
    } finally {
      await project.remove();
    }
  }, 600_000);
};

interface Stage {
  readonly project: Project;
  readonly url: string;
  readonly orders: DeathOrders;
}

const dieEverywhere = async (stage: Stage): Promise<void> => {
  const { project } = stage;
  const before = endedOperations(project)?.length;
  await project.deploy('web', '--variable', 'RELEASE=whole');
  await settled(stage, 'whole', []);
  const operations = endedOperations(project)?.slice(before) ?? [];
  const deaths: Death[] = [];
  for (let nth = 1; nth <= operations.length; nth += 1) {
    deaths.push(...(await dieBeforeAndAfter(stage, nth, operations.length)));
  }
  const met = new Set(deaths.map(({ kind, when }) => `${when} ${kind}`));
  expect(operations.filter(({ kind }) => !met.has(`before ${kind}`) || !met.has(`after ${kind}`))).toEqual([]);
};

/** One deploy: the first supervisor dies before its nth operation, the second after the first that it ends, the third lives. */
const dieBeforeAndAfter = async (stage: Stage, nth: number, of: number): Promise<readonly Death[]> => {
  const { project, orders } = stage;
  const release = `version-${nth}`;
  const before = endedOperations(project)?.length ?? 0;
  await orders.give(nth, 'before');
  await project.run('deploy', 'web', '--variable', `RELEASE=${release}`);
  // The verb is content when the new version serves; what follows is part of the deploy too.
  const isOver = (): boolean => (endedOperations(project)?.length ?? 0) >= before + of;
  await vi.waitFor(() => expect(orders.isCarriedOut || isOver()).toBe(true), { timeout: 60_000, interval: 20 });
  const first = await orders.outcome();
  await orders.give(1, 'after');
  if (first !== undefined) await project.tryUp();
  await vi.waitFor(() => expect(orders.isCarriedOut || isOver()).toBe(true), { timeout: 60_000, interval: 20 });
  const second = await orders.outcome();
  if (second !== undefined) await project.up();
  const deaths = [first, second].filter((death) => death !== undefined);
  await settled(stage, release, deaths);
  return deaths;
};

/** The version serves, the one before it is gone, and everybody who keeps a record says the same. */
const settled = async ({ project, url }: Stage, release: string, deaths: readonly Death[]): Promise<void> => {
  const service = await project.settled('web');
  expect((await ask(url, host)).body, JSON.stringify(deaths)).toContain(`"release":"${release}"`);
  await expectBooksInOrder(project, service);
};
