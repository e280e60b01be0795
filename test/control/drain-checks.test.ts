import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, serviceManifest, startRig } from './rig.ts';

const patient = { timeout: 60_000, interval: 50 };

test('two replicas that left one seat soon after each other are both asked what became of their work', async () => {
  const marks = mkdtempSync(join(tmpdir(), 'pm-marks-'));
  onTestFinished(() => rmSync(marks, { recursive: true, force: true }));
  const check = `touch ${marks}/$RAILWAY_REPLICA_ID; until test -e ${marks}/go; do sleep 0.1; done`;
  const rig = await startRig(
    project +
      serviceManifest('work', [
        'source: app',
        `deploy: { startCommand: node worker.mjs, numReplicas: 2, drainCheck: "${check}" }`,
      ]),
  );
  await rig.up();
  const leave = async (replica: string): Promise<void> => {
    await rig.control.scale({ service: 'work', replicas: 1 });
    await vi.waitFor(() => expect(existsSync(join(marks, replica))).toBe(true), patient);
  };
  await leave('rig-production-work-r1-1-1');
  await rig.control.scale({ service: 'work', replicas: 2 });
  await vi.waitFor(async () => expect((await rig.service('work')).ready).toBe(2), patient);
  await leave('rig-production-work-r1-1-2');
  writeFileSync(join(marks, 'go'), '');
  const words: string[] = [];
  for await (const { reason, message } of rig.control.events({ follow: true }, AbortSignal.timeout(60_000))) {
    if (reason === 'ReplicaFinished') words.push(message.split('\n')[0] ?? '');
    if (words.length === 2) break;
  }
  expect(words.sort()).toEqual([
    expect.stringMatching(/r1-1-1 finished .*; its drain check exited with code 0$/),
    expect.stringMatching(/r1-1-2 finished .*; its drain check exited with code 0$/),
  ]);
});
