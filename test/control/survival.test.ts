import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { createSupervisorClient } from '../../src/cli/client/index.ts';
import type { ErrorReport } from '../../src/model/index.ts';
import type { DeployReport, StatusReport } from '../../src/protocol/index.ts';
import { openLoop, politeService, project, startRig } from './rig.ts';

interface Program {
  readonly child: ChildProcess;
  readonly first: { readonly ready?: true; readonly error?: ErrorReport };
}

const bound = (): AbortSignal => AbortSignal.timeout(60_000);

const newProject = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-'));
  cpSync(resolve('fixtures/hostile'), join(folder, 'app'), { recursive: true });
  writeFileSync(
    join(folder, 'pointsman.yaml'),
    project + politeService('web', ['variables: { RELEASE: "1" }'], ['numReplicas: 2', 'strategy: rolling']),
  );
  return folder;
};

const started: ChildProcess[] = [];

/** Whatever a test that failed left running. */
const tidy = async (folder: string): Promise<void> => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  const { child, first } = await startProgram(folder);
  if (first.ready === true) {
    await createSupervisorClient(join(folder, '.pointsman', 'supervisor.sock')).down(
      { volumes: true, now: true },
      bound(),
    );
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
};

const startProgram = async (folder: string): Promise<Program> => {
  const flags = ['--manifests', join(folder, 'pointsman.yaml'), '--state-dir', join(folder, '.pointsman')];
  const program = [resolve('src/bin/supervisor.ts'), ...flags, '--engine', 'process', '--http', '127.0.0.1:0'];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, first: JSON.parse(chunk.toString()) as Program['first'] };
};

const ofRelease = async (
  client: ReturnType<typeof createSupervisorClient>,
  deployId: string,
): Promise<DeployReport | undefined> => {
  let last: DeployReport | undefined;
  for await (const report of client.followDeploy(deployId, bound())) last = report;
  return last;
};

test('a supervisor killed with -9 in the middle of a deploy loses no request; its successor adopts and finishes', async () => {
  const folder = newProject();
  onTestFinished(() => tidy(folder));
  const client = createSupervisorClient(join(folder, '.pointsman', 'supervisor.sock'));
  const first = await startProgram(folder);
  const up = await client.apply({}, bound());
  expect((await ofRelease(client, up.deployId))?.result).toBe('completed');
  const before: StatusReport = await client.status(bound());
  const port = Number(before.proxy?.http.split(':').at(-1));
  const load = openLoop(port, { host: 'web.localhost', path: '/' });

  const deploy = await client.deploy({ services: ['web'], variables: { RELEASE: '2', BOOT_MS: '700' } }, bound());
  for await (const event of client.events({ follow: true, service: 'web' }, bound())) {
    if (event.reason === 'ReplicaStarted' && event.revision === 2) break;
  }
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await startProgram(folder);
  expect(second.first).toMatchObject({ ready: true });
  const report = await ofRelease(client, deploy.deployId);
  const seen = await load.stop();
  expect(report?.result).toBe('completed');
  expect(seen.failures).toEqual([]);
  expect(seen.releases).toEqual(['1', '2']);
  const after = await client.status(bound());
  expect(after.proxy?.pid).toBe(before.proxy?.pid);
  expect(after.services[0]).toMatchObject({ ready: 2, revision: 2 });
  const newOnes = after.services[0]?.replicas.filter(({ revision }) => revision === 2);
  expect(newOnes?.map(({ attempt }) => attempt)).toEqual([1, 1]);

  const refused = await startProgram(folder);
  expect(refused.first.error).toMatchObject({ code: 'SUPERVISOR_RUNNING' });
  expect(refused.first.error?.message).toContain(String(second.child.pid));
  await client.down({ volumes: true }, bound());
  await once(second.child, 'exit');
});

test('a supervisor that ends in good order leaves all running, and what changed meanwhile is caught up with', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }']));
  await rig.up();
  const load = await rig.load('web.localhost');
  const { pid } = JSON.parse((await rig.get('web.localhost')).body) as { pid: number };
  const same = await rig.restart();
  expect(JSON.parse((await same.get('web.localhost')).body)).toMatchObject({ pid });
  expect(await same.service('web')).toMatchObject({ ready: 1, revision: 1 });
  same.write('pointsman.yaml', same.read('pointsman.yaml').replace('RELEASE: "1"', 'RELEASE: "2"'));
  const next = await same.restart();
  for await (const event of next.control.events({ follow: true }, bound())) {
    if (event.reason === 'RolloutCompleted' && event.revision === 2) break;
  }
  expect(await load.stop()).toMatchObject({ failures: [], releases: ['1', '2'] });
});

test('while the state cannot be written a deploy is refused, all goes on serving, and nothing stored is lost', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const blocker = new DatabaseSync(join(rig.stateFolder, 'state.db'));
  blocker.exec('BEGIN IMMEDIATE');
  const refused = rig.control.deploy({ services: ['web'], variables: { RELEASE: '2' } }, bound());
  await expect(refused).rejects.toMatchObject({ code: 'STATE_WRITE_FAILED' });
  const { pid } = JSON.parse((await rig.get('web.localhost')).body) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await rig.event('ReplicaCrashed');
  const { conditions } = await rig.service('web');
  blocker.exec('ROLLBACK');
  blocker.close();
  expect(conditions.find(({ type }) => type === 'Degraded')).toMatchObject({
    status: 'true',
    reason: 'StateWriteFailed',
  });
  expect((await rig.deploy(['web'], { RELEASE: '3' })).result).toBe('completed');
  const again = await rig.restart();
  const reasons = (await again.eventsSoFar()).map(({ reason }) => reason);
  expect(reasons).toContain('ReplicaCrashed');
  expect(again.control.revisions('web')).toHaveLength(2);
});

test('a proxy that finds its table torn says so, gets it again and serves on', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const { proxy } = await rig.control.status();
  writeFileSync(join(rig.stateFolder, 'proxy', 'table.json'), '{"format": "pointsman-proxy-table", "ver');
  if (proxy === undefined) throw new Error('the proxy does not run');
  process.kill(proxy.pid, 'SIGKILL');
  expect(await rig.event('ProxyStateUnusable')).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('torn') as string,
  });
  await rig.event('ProxyRestarted');
  expect((await rig.get('web.localhost')).status).toBe(200);
  expect((await rig.control.status()).proxy?.warning).toBeUndefined();
});
