import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { politeService, project, startRig } from './rig.ts';

/** Of paths that long these are more than waits for a supervisor. */
const requests = 1_200;

/** From a process of its own, one after the other. Nothing of ours goes on meanwhile: the supervisor reads none of the records. */
const askWhileNobodyReads = (port: number): void => {
  const script = `
    const { Agent, get } = require('node:http');
    const agent = new Agent({ keepAlive: true });
    const options = { port: ${port}, agent, path: '/' + 'x'.repeat(8000), headers: { host: 'web.localhost' } };
    const ask = (left) => left === 0 ? agent.destroy() : get(options, (response) => response.resume().on('end', () => ask(left - 1)));
    ask(${requests});`;
  execFileSync(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
};

test('records that a supervisor could not read in time are told of, shown in its status, and said of a canary that is judged without them', async () => {
  const service = (release: number): string =>
    project +
    politeService(
      'web',
      [`variables: { RELEASE: "${release}" }`],
      ['strategy: canary', 'canary: { steps: [{ percent: 50, pause: promote }] }'],
    );
  const rig = await startRig(service(1));
  await rig.up();
  expect((await rig.control.status()).proxy).not.toHaveProperty('lostRecords');
  rig.write('pointsman.yaml', service(2));
  await rig.control.apply({}, AbortSignal.timeout(60_000));
  await expect.poll(async () => (await rig.service('web')).rollout?.waitsFor).toBe('promotion');
  const address = (await rig.control.status()).proxy?.http ?? '';
  askWhileNobodyReads(Number(address.split(':').at(-1)));
  const told = await rig.event('RecordsLost');
  expect(told).toMatchObject({
    severity: 'warning',
    message: expect.stringMatching(/^the records of \d+ requests never came/) as string,
  });
  await expect.poll(async () => (await rig.control.status()).proxy?.lostRecords).toBeGreaterThan(0);
  const lost = (await rig.control.status()).proxy?.lostRecords ?? 0;
  expect(lost).toBeLessThanOrEqual(requests);
  const words = async (): Promise<unknown> => (await rig.service('web')).conditions.map(({ message }) => message);
  await expect
    .poll(words)
    .toContainEqual(expect.stringMatching(/of \d+ more requests, of whichever service, the records were lost/));
});
