import { afterEach, expect, it } from 'vitest';
import type { StatusReport } from '../../src/protocol/index.ts';
import { CommandLine, onProcesses, politeProject, seen } from './command-line.ts';

let line: CommandLine;
afterEach(() => line.remove());

it('Ctrl-C while up watches a deploy ends the watching and says what goes on', async () => {
  line = await CommandLine.create(politeProject(['web']).replace('RELEASE: "1"', 'BOOT_MS: "60000"'));
  const up = line.start('up', ...onProcesses);
  await seen(up.stderr, /web: replacing/);
  up.kill('SIGINT');
  const { exitCode, stderr } = await up;
  expect(exitCode).toBe(130);
  expect(stderr).toContain('it goes on in the supervisor');
  const { services } = await line.json<StatusReport>('status');
  expect(services[0]).toMatchObject({ name: 'web', ready: 0, rollout: { phase: 'replacing' } });
});

it('Ctrl-C while the supervisor starts leaves none', async () => {
  line = await CommandLine.create(politeProject(['web']));
  const up = line.start('up', ...onProcesses);
  await seen(up.stderr, /starting the supervisor/);
  up.kill('SIGINT');
  expect((await up).exitCode).toBe(130);
  expect(await line.processes()).toEqual([]);
});
