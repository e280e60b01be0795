import { expect, test, vi } from 'vitest';
import { DeathOrders } from './death-order.ts';
import type { Death } from './death-order.ts';
import { endedOperations, expectBooksInOrder, isOver } from './books.ts';
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
  const kinds = (endedOperations(project)?.slice(before) ?? []).map(({ kind }) => kind);
  const met = new Set<string>();
  for (const [index, kind] of kinds.entries()) {
    // Which operation comes first of those that go on at once is chance; which one of its kind it is, is not.
    const nth = kinds.slice(0, index + 1).filter((each) => each === kind).length;
    for (const death of await dieBeforeAndAfter(stage, kind, nth)) met.add(`${death.when} ${death.kind}`);
  }
  expect([...met].sort()).toEqual([...new Set(kinds.flatMap((kind) => [`after ${kind}`, `before ${kind}`]))].sort());
};

/** One deploy: the first supervisor dies before its nth operation of a kind, the second after the next such, the third lives. */
const dieBeforeAndAfter = async (stage: Stage, kind: Death['kind'], nth: number): Promise<readonly Death[]> => {
  const { project, orders } = stage;
  const release = `${kind}-${nth}`;
  await orders.give({ kind, nth, when: 'before' });
  await project.run('deploy', 'web', '--variable', `RELEASE=${release}`);
  const first = await outcome(stage);
  await orders.give({ kind, nth: 1, when: 'after' });
  if (first !== undefined) await project.tryUp();
  const second = await outcome(stage);
  if (second !== undefined) await project.up();
  const deaths = [first, second].filter((death) => death !== undefined);
  await settled(stage, release, deaths);
  return deaths;
};

/** The verb is content when the new version serves; what follows is part of the deploy too. */
const outcome = async ({ project, orders }: Stage): Promise<Death | undefined> => {
  const isKnown = (): boolean => isOver(project, 'web') || orders.isCarriedOut;
  await vi.waitFor(() => expect(isKnown()).toBe(true), { timeout: 60_000, interval: 20 });
  return orders.outcome();
};

/** The version serves, the one before it is gone, and everybody who keeps a record says the same. */
const settled = async ({ project, url }: Stage, release: string, deaths: readonly Death[]): Promise<void> => {
  const service = await project.settled('web');
  expect((await ask(url, host)).body, JSON.stringify(deaths)).toContain(`"release":"${release}"`);
  await expectBooksInOrder(project, [service]);
};
