import { readFile, readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.proxy-killed.localhost';
const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

beforeAll(async () => {
  const web = politeSpec(host, { strategy: 'rolling', numReplicas: 2 }, { variables: { RELEASE: '1' } });
  running.project = await Project.create('process', manifestOf('proxy-killed', { web }));
  await project().up();
});
afterAll(() => running.project?.remove());

const masterPid = async (): Promise<number> => {
  const { proxy } = await project().status();
  if (proxy === undefined) throw new Error('the proxy does not run');
  return proxy.pid;
};

const workerPids = async (master: number): Promise<readonly number[]> => {
  const tasks = await readdir(`/proc/${master}/task`);
  // A thread may have ended meanwhile.
  const childrenOf = (task: string) => readFile(`/proc/${master}/task/${task}/children`, 'utf8').catch(() => '');
  const children = await Promise.all(tasks.map(childrenOf));
  return children.flatMap((text) => text.trim().split(' ').filter(Boolean).map(Number));
};

/** Under load; returns how many requests failed, which only those under way in what was killed may. */
const killed = async (pid: number, isReplaced: () => Promise<void>): Promise<number> => {
  const url = await project().url();
  const before = await project().replicas();
  const calls = await load(url, host, 100);
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(isReplaced, { timeout: 60_000, interval: 50 });
  const { failed } = await calls.stop();
  expect(await project().replicas()).toEqual(before);
  const after = await load(url, host, 100);
  await project().deploy('web', '--variable', `RELEASE=${pid}`);
  expect((await ask(url, host)).body).toContain(`"release":"${pid}"`);
  expect(await after.stop()).toMatchObject({ failed: 0, failures: {} });
  return failed;
};

test('pointsman proxy upgrade replaces the workers under load and loses nothing; the proxy stays', async () => {
  const master = await masterPid();
  const before = await workerPids(master);
  const calls = await load(await project().url(), host, 100);
  await project().do('proxy', 'upgrade', '--within', '5');
  expect(await calls.stop()).toMatchObject({ failed: 0, failures: {} });
  const now = await workerPids(master);
  expect(now).toHaveLength(before.length);
  expect(now.filter((pid) => before.includes(pid))).toEqual([]);
});

test('a killed worker of the proxy is replaced: its requests are lost, no others; replicas and deploys go on', async () => {
  const master = await masterPid();
  const [worker] = await workerPids(master);
  if (worker === undefined) throw new Error('the proxy has no worker');
  await killed(worker, async () => {
    const now = await workerPids(master);
    expect(now).toHaveLength(1);
    expect(now).not.toContain(worker);
    expect(await ask(await project().url(), host)).toMatchObject({ status: 200 });
  });
  expect(await masterPid()).toBe(master);
});

test('a killed proxy is started again with its table and its port; replicas and deploys go on', async () => {
  const [master, url] = [await masterPid(), await project().url()];
  await killed(master, async () => {
    expect(await masterPid()).not.toBe(master);
    expect(await ask(url, host)).toMatchObject({ status: 200 });
  });
  expect(await project().url()).toBe(url);
  expect((await project().reasons()).filter((reason) => /Proxy/.test(reason))).not.toEqual([]);
});
