import { once } from 'node:events';
import { request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { politeService, project, serviceManifest, startRig } from './rig.ts';

const asked = (): AbortSignal => AbortSignal.timeout(60_000);

test('questions about what does not exist are refused by name', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const codeOf = (act: Promise<unknown>): Promise<unknown> =>
    act.then(
      () => 'fine',
      (error: { code?: string }) => error.code,
    );
  expect(await codeOf(rig.control.deploy({ services: ['wep'], variables: {} }, asked()))).toBe('SERVICE_UNKNOWN');
  expect(await codeOf(rig.control.rollback({ service: 'web', revision: 9 }, asked()))).toBe('REVISION_UNKNOWN');
  expect(await codeOf(rig.control.rollback({ service: 'web' }, asked()))).toBe('REVISION_UNKNOWN');
  expect(await codeOf(rig.control.explain('wep', asked()))).toBe('SERVICE_UNKNOWN');
  expect(() => rig.control.deployReport('deploy-77')).toThrow(/deploy-77/);
});

test('restart replaces the replicas, scale changes their number and keeps it, plan changes nothing', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }']));
  await rig.up();
  const load = await rig.load('web.localhost');
  const before = (await rig.get('web.localhost')).body;
  const restarted = await rig.finished(await rig.control.restart({ service: 'web' }, asked()));
  expect(restarted.result).toBe('completed');
  expect((await rig.get('web.localhost')).body).not.toBe(before);
  await rig.control.scale({ service: 'web', replicas: 3, by: 'ada' });
  const scaled = await rig.event('Scaled');
  expect(scaled.message).toBe('scale to 3, by ada');
  let ready = 0;
  for await (const event of rig.control.events({ follow: true, after: scaled.sequence }, asked())) {
    if (event.reason === 'ReplicaReady') ready += 1;
    if (ready === 2) break;
  }
  await rig.up();
  expect((await rig.service('web')).wanted).toBe(3);
  const nothing = await rig.control.plan({ services: [], variables: {} }, asked());
  expect(nothing.services).toMatchObject([{ change: 'none', apart: ['web was scaled to 3; its manifest says 1'] }]);
  const plan = await rig.control.plan({ services: ['web'], variables: { RELEASE: '2' } }, asked());
  expect(plan.services).toMatchObject([{ service: 'web', change: 'replace' }]);
  expect(plan.text).toMatch(/start rig-production-web-r3-0-1/);
  expect(rig.control.revisions('web')).toHaveLength(2);
  expect((await load.stop()).failures).toEqual([]);
});

test('a port that a replica holds goes to the proxy in two deploys, for it can not have it before', async () => {
  const port = await freePort();
  const manifest = (line: string) => project + politeService('web', [`port: ${port}`, line]);
  const rig = await startRig(manifest(`hostPorts: [{ listen: ${port}, protocol: tcp }]`));
  await rig.up();
  expect((await fetch(`http://127.0.0.1:${port}`)).ok).toBe(true);
  rig.write('pointsman.yaml', manifest(`tcp: [{ listen: ${port} }]`));
  await expect(rig.up()).rejects.toMatchObject({
    code: 'MANIFEST_INVALID',
    message: `port ${port}/tcp is still held by web itself, so the proxy can't listen there yet`,
    fix: 'Take hostPorts out of web and deploy that first.',
  });
  expect((await fetch(`http://127.0.0.1:${port}`)).ok).toBe(true);
  rig.write('pointsman.yaml', manifest('variables: { RELEASE: "2" }'));
  await rig.up();
  rig.write('pointsman.yaml', manifest(`tcp: [{ listen: ${port} }]`));
  expect((await rig.up()).result).toBe('completed');
});

test('a service that left the manifests is shown while it finishes its work, then stopped and removed', async () => {
  const rig = await startRig(
    project + politeService('web') + politeService('api').replace(/drainingSeconds: \d+/, 'drainingSeconds: 60'),
  );
  await rig.up();
  const [host, port] = ((await rig.control.status()).proxy?.http ?? '').split(':');
  const work = request({ host, port, method: 'POST', path: '/echo', headers: { host: 'api.localhost' } });
  work.write('half of it');
  await once(work, 'response');
  rig.write('pointsman.yaml', project + politeService('web'));
  await rig.control.apply({}, asked());
  await rig.event('DrainStarted', 'api');
  expect((await rig.control.status()).services).toMatchObject([
    { name: 'api', wanted: 0, urls: [], replicas: [{ phase: 'draining', inFlight: 1 }] },
    { name: 'web', wanted: 1 },
  ]);
  work.end('and the rest');
  await rig.event('ReplicaRemoved', 'api');
  expect((await rig.get('api.localhost')).status).toBe(404);
  expect((await rig.control.status()).services.map(({ name }) => name)).toEqual(['web']);
});

test('logs of old and new replicas come together, and exec runs where a ready replica runs', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }']));
  await rig.up();
  const ended = new AbortController();
  const lines: string[] = [];
  const reading = (async () => {
    for await (const entry of rig.control.logs({ service: 'web', follow: true }, ended.signal)) {
      lines.push(`r${entry.revision} ${entry.text}`);
      if (entry.text.includes('release 2')) ended.abort();
    }
  })();
  await rig.deploy(['web'], { RELEASE: '2' });
  await reading;
  expect(lines.some((line) => line.startsWith('r1 listening'))).toBe(true);
  expect(lines.some((line) => line.startsWith('r2 listening'))).toBe(true);
  const ran = await rig.control.exec({ service: 'web', command: ['node', '-p', 'process.env.RELEASE'] }, asked());
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.output).toContain('2');
});

test('followed logs begin with what there is, by time, whichever replica said it', async () => {
  const rig = await startRig(
    project +
      serviceManifest('work', [
        'source: app',
        'variables: { WORK_MS: "100" }',
        'deploy: { startCommand: node worker.mjs, numReplicas: 2 }',
      ]),
  );
  await rig.up();
  const backlog: string[] = [];
  for await (const { replica } of rig.control.logs({ service: 'work', follow: false }, asked())) backlog.push(replica);
  expect(new Set(backlog).size).toBe(2);
  const ended = new AbortController();
  const lines: { readonly at: number; readonly words: string }[] = [];
  for await (const { at, replica, text } of rig.control.logs({ service: 'work', follow: true }, ended.signal)) {
    lines.push({ at, words: `${replica} ${text}` });
    if (lines.length === backlog.length + 20) ended.abort();
  }
  const times = lines.slice(0, backlog.length).map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(new Set(lines.map(({ words }) => words)).size).toBe(lines.length);
});

test('domains and rules change in place: the same replica answers under its further name', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const before = (await rig.get('web.localhost')).body;
  rig.write('pointsman.yaml', rig.read('pointsman.yaml').replace('[web.localhost]', '[web.localhost, shop.localhost]'));
  await rig.control.apply({}, asked());
  await vi.waitFor(async () => expect((await rig.get('shop.localhost')).status).toBe(200), {
    timeout: 60_000,
    interval: 50,
  });
  expect((await rig.get('shop.localhost')).body).toBe(before);
  expect((await rig.get('web.localhost')).body).toBe(before);
  expect(rig.control.revisions('web')).toHaveLength(1);
});

test('after a down nothing runs, and an up begins anew with the next revision', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  await rig.control.down({ volumes: false }, asked());
  await rig.control.ended;
  const again = await rig.restart();
  expect(await again.service('web').catch(() => 'not there')).toBe('not there');
  const report = await again.up();
  expect(report).toMatchObject({ result: 'completed', rollouts: [{ to: 2 }] });
  expect(report.rollouts[0]?.from).toBeUndefined();
  const { replicas } = await again.service('web');
  expect(replicas.map(({ revision, phase }) => [revision, phase])).toEqual([[2, 'ready']]);
});
