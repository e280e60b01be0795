import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { patience, politeService, project, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

/** Two sources, so that a change can concern one of them only. */
const manifest = project + politeService('web') + politeService('api', ["build: { watchPatterns: ['/worker.mjs'] }"]);

const started = async (rig: Rig): Promise<readonly string[]> => {
  const events = await rig.eventsSoFar();
  return events.filter(({ reason }) => reason === 'RolloutStarted').map(({ message }) => message);
};

/** Saves as vim does: a new file beside, renamed over the old one, its attributes touched afterwards. */
const saveAsEditorsDo = (path: string, text: string): void => {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
  appendFileSync(path, '');
};

test("an editor's save of a source means one deploy, of the services it concerns", async () => {
  const rig = await startRig(manifest);
  await rig.up();
  const source = join(rig.folder, 'app', 'polite.mjs');
  // Something else that is written beside the manifests concerns nobody.
  writeFileSync(join(rig.folder, 'sedNf0Qi4'), '');
  saveAsEditorsDo(source, rig.read('app/polite.mjs').replace('listening on', 'now listening on'));
  const completed = await afterUp(rig, 'RolloutCompleted');
  expect(completed).toMatchObject({ service: 'web', revision: 2 });
  // Another change, to have a point in time at which a second deploy would have been seen.
  saveAsEditorsDo(join(rig.folder, 'app', 'worker.mjs'), `${rig.read('app/worker.mjs')}\n// changed\n`);
  for (const service of ['web', 'api']) await afterUp(rig, 'RolloutStarted', service);
  expect(await started(rig)).toEqual([
    'web to revision 1: apply',
    'api to revision 1: apply',
    'web from revision 1 to revision 2: app/polite.mjs changed',
    expect.stringMatching(/^web from revision \d to revision 3: app\/worker.mjs changed$/),
    'api from revision 1 to revision 2: app/worker.mjs changed',
  ]);
});

test('saving without a change deploys nothing; a half-written manifest touches nothing and is told', async () => {
  const rig = await startRig(manifest);
  await rig.up();
  const path = join(rig.folder, 'pointsman.yaml');
  saveAsEditorsDo(join(rig.folder, 'app', 'polite.mjs'), rig.read('app/polite.mjs'));
  writeFileSync(path, `${manifest.slice(0, -40)}healthcheckPath: [`);
  const invalid = await rig.event('ManifestInvalid');
  expect(invalid.severity).toBe('error');
  const status = await rig.control.status();
  expect(status.problems[0]).toMatchObject({ where: { file: path } });
  expect(status.services.map(({ ready }) => ready)).toEqual([1, 1]);
  expect(await started(rig)).toHaveLength(2);
  saveAsEditorsDo(path, manifest.replaceAll('drainingSeconds: 5', 'drainingSeconds: 6'));
  // Rules alone make no revision: they take effect in place.
  await rig.control.apply({}, AbortSignal.timeout(60_000));
  expect((await rig.control.status()).problems).toEqual([]);
  expect(await started(rig)).toHaveLength(2);
});

const afterUp = async (rig: Rig, reason: string, service?: string): Promise<Event> => {
  const signal = AbortSignal.timeout(60_000);
  for await (const event of rig.control.events({ follow: true }, signal)) {
    const isMeant = event.reason === reason && (event.revision ?? 0) > 1;
    if (isMeant && (service === undefined || event.service === service)) return event;
  }
  throw new Error(`no ${reason} came`);
};

test('a manifest cut between two documents ends nothing; one that stays so ends the service it no longer names', async () => {
  const rig = await startRig(manifest);
  await rig.up();
  const before = await rig.service('api');
  rig.write('pointsman.yaml', project + politeService('web'));
  const missing = await rig.event('ServiceMissing', 'api');
  expect(missing).toMatchObject({ severity: 'warning', message: expect.stringContaining('unless it returns') });
  rig.write('pointsman.yaml', manifest.replace('source: app', 'source: app\n  variables: { GREETING: hello }'));
  await afterUp(rig, 'RolloutCompleted', 'web');
  expect((await rig.service('api')).replicas).toEqual(before.replicas);
  rig.write('pointsman.yaml', project + politeService('web'));
  await rig.event('ServiceRemoved', 'api');
  for await (const event of rig.control.events({ follow: true }, patience)) {
    if (event.reason === 'ReplicaRemoved' && event.service === 'api') break;
  }
  expect(await rig.get('api.localhost')).toMatchObject({ status: 404 });
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
});
