import { expect, test } from 'vitest';
import { manifestOf, politeSpec } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';
import { ask, EventStream, load, slowCalls } from './traffic.ts';

const host = 'web.zero.localhost';
const rate = 300;
const deploys = 3;
const streams = 10;

/** Deploys follow each other while every kind of traffic is open: nothing may be lost, on any engine. */
export const zeroDowntimeSuite = (engine: EngineName): void => {
  for (const strategy of ['blue-green', 'rolling']) {
    test(`${deploys} ${strategy} deploys on ${engine} lose no request at ${rate}/s, cut no call and no stream`, async () => {
      const spec = politeSpec(host, { strategy, numReplicas: 2 }, { variables: { RELEASE: '1', BOOT_MS: '300' } });
      const project = await Project.create(engine, manifestOf(`zero-${engine}-${strategy}`, { web: spec }));
      try {
        await project.up();
        await deployUnderTraffic(project);
      } finally {
        await project.remove();
      }
    });
  }
};

const deployUnderTraffic = async (project: Project): Promise<void> => {
  const url = await project.url();
  const calls = await load(url, host, rate);
  const slow = slowCalls(`${url}slow?ms=1500`, host, 200);
  const open = Array.from({ length: streams }, () => new EventStream(`${url}sse`, host));
  try {
    await Promise.all(open.map((stream) => stream.opened));
    for (let release = 2; release <= deploys + 1; release += 1) {
      const report = await project.deploy('web', '--variable', `RELEASE=${release}`);
      expect(report).toMatchObject({ result: 'completed' });
      expect((await ask(url, host)).body).toContain(`"release":"${release}"`);
    }
    // Replicas that were asked to go must not pass for crashed ones.
    expect(await project.reasons('web')).not.toContain('ReplicaCrashed');
  } finally {
    const [{ sent, failed, failures }, held] = await Promise.all([calls.stop(), slow.stop()]);
    for (const stream of open) stream.stop();
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
    expect(sent).toBeGreaterThan(rate);
    expect(held.failed).toEqual([]);
    expect(open.map(({ result: { lost, unclean } }) => lost + unclean)).toEqual(open.map(() => 0));
    // Each replica that left had streams on it: they ended cleanly and went on elsewhere.
    expect(open.reduce((sum, { result }) => sum + result.resumed, 0)).toBeGreaterThanOrEqual(streams);
  }
};
