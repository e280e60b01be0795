import { expect, test } from 'vitest';
import { manifestOf, politeSpec } from './manifests.ts';
import type { Spec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const host = 'web.hold.localhost';
const bootMs = 1000;

/** Only one may ever run: it has a volume, and takes a second to start. */
const spec = (deploy: Spec): Spec =>
  politeSpec(
    host,
    { drainingSeconds: 5, ...deploy },
    { volumes: [{ name: 'data', mountPath: '/data' }], variables: { RELEASE: '1', BOOT_MS: String(bootMs) } },
  );

const withProject = async (name: string, deploy: Spec, body: (project: Project) => Promise<void>): Promise<void> => {
  const project = await Project.create('process', manifestOf(name, { web: spec(deploy) }));
  try {
    await project.up();
    await body(project);
  } finally {
    await project.remove();
  }
};

/** A call every so many milliseconds, whatever became of the ones before: how each ended and how long it took. */
const steadyCalls = (url: string, everyMs: number) => {
  const calls: Promise<{ readonly outcome: string; readonly ms: number }>[] = [];
  const call = async (): Promise<{ readonly outcome: string; readonly ms: number }> => {
    const begun = performance.now();
    const outcome = await ask(url, host).then(
      ({ status }) => String(status),
      (error: Error) => error.message,
    );
    return { outcome, ms: performance.now() - begun };
  };
  const timer = setInterval(() => calls.push(call()), everyMs);
  return async () => {
    clearInterval(timer);
    const ended = await Promise.all(calls);
    const failed = ended.filter(({ outcome }) => outcome !== '200').map(({ outcome }) => outcome);
    return { sent: ended.length, failed, longestMs: Math.max(...ended.map(({ ms }) => ms)) };
  };
};

test('requests wait at the proxy while the only instance is replaced: none fails', () =>
  withProject('hold', { hold: { seconds: 60, maxRequests: 10_000 } }, async (project) => {
    const stop = steadyCalls(await project.url(), 10);
    const report = await project.deploy('web', '--variable', 'RELEASE=2');
    expect(report).toMatchObject({ result: 'completed' });
    const { sent, failed, longestMs } = await stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(100);
    // They were really held for as long as the new one took to start.
    expect(longestMs).toBeGreaterThan(bootMs / 2);
    expect((await ask(await project.url(), host)).body).toContain('"release":"2"');
    const plan = await project.do('plan', 'web', '--variable', 'RELEASE=3');
    expect(plan).toMatch(/expected: a gap of \d+\.\d s, .* as the last deploy took/);
    expect(plan).toMatch(/note: It has a volume: the old replica is stopped before the new one starts/);
  }));

test('what does not fit into the budget is told to come back', () =>
  withProject('hold-budget', { hold: { seconds: 60, maxRequests: 5 } }, async (project) => {
    const stop = steadyCalls(await project.url(), 10);
    await project.deploy('web', '--variable', 'RELEASE=2');
    const { failed } = await stop();
    expect(new Set(failed)).toEqual(new Set(['503']));
  }));
