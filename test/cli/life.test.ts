import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import type {
  DeployReport,
  ExplainReport,
  LogEntry,
  PlanReport,
  RevisionReport,
  StatusReport,
} from '../../src/protocol/index.ts';
import { CommandLine, onProcesses, politeProject } from './command-line.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await CommandLine.create(politeProject(['web', 'shop']));
});
afterAll(() => line.remove());

const status = (): Promise<StatusReport> => line.json('status');
const web = async () => (await status()).services.find(({ name }) => name === 'web');

/** What a user gets from a service, through the proxy. */
const release = async (host: string): Promise<string> => {
  const { proxy } = await status();
  return new Promise((resolve, reject) => {
    get(`http://${proxy?.http ?? 'nowhere'}/`, { headers: { host }, agent: false }, (response) => {
      response.toArray().then((chunks) => resolve(JSON.parse(Buffer.concat(chunks).toString()).release), reject);
    }).on('error', reject);
  });
};

describe('a project from up to down', () => {
  it('up starts everything, says how it goes and prints where it is', async () => {
    const { exitCode, stdout, stderr } = await line.run('up', ...onProcesses);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^\[\d+\.\ds\] web: replacing /m);
    expect(stderr).toMatch(/^\[\d+\.\ds\] web: completed  revision 1$/m);
    expect(stdout).toMatch(/^web {2}http:\/\/web\.polite\.localhost:\d+$/m);
    expect(await release('web.polite.localhost')).toBe('1');
  });

  it('up again changes nothing', async () => {
    const { exitCode, stderr } = await line.run('up');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'nothing changed' });
  });

  it('a supervisor that runs differently than asked for is refused', async () => {
    const { exitCode, stderr } = await line.run('up', '--engine', 'docker');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the process engine');
  });

  it('status tells services and replicas apart', async () => {
    const text = await line.do('status', 'web');
    expect(text).toMatch(/^web +available +1\/1 +r1 /m);
    expect(text).toMatch(/^polite-production-web-r1-0-1 +ready +routed /m);
    expect(text).not.toContain('shop');
    expect(await web()).toMatchObject({ wanted: 1, ready: 1, revision: 1 });
  });

  it('plan says what a deploy would do; deploy does it', async () => {
    const plan = await line.json<PlanReport>('plan', 'web', '--variable', 'RELEASE=2');
    expect(plan.services.find(({ service }) => service === 'web')?.change).toBe('replace');
    expect(await release('web.polite.localhost')).toBe('1');
    const report = await line.json<DeployReport>('deploy', 'web', '--variable', 'RELEASE=2');
    expect(report).toMatchObject({ finished: true, result: 'completed' });
    expect(await release('web.polite.localhost')).toBe('2');
    expect(await release('shop.polite.localhost')).toBe('1');
  });

  it('rollback brings the version before back', async () => {
    await line.do('rollback', 'web');
    expect(await release('web.polite.localhost')).toBe('1');
    const revisions = await line.json<RevisionReport[]>('revisions', 'web');
    expect(revisions.map(({ number, result }) => [number, result])).toEqual([
      [3, 'active'],
      [2, 'retired'],
      [1, 'retired'],
    ]);
    expect(await line.run('rollback', 'web', 'r77')).toMatchObject({ exitCode: 2 });
  });

  it('scale returns when so many are ready', async () => {
    expect(await line.run('scale', 'web', '2')).toMatchObject({ exitCode: 0 });
    expect(await web()).toMatchObject({ wanted: 2, ready: 2 });
    await line.do('scale', 'web', '1');
    expect((await web())?.replicas).toHaveLength(1);
  });

  it('restart replaces the replicas, not the version', async () => {
    const before = (await web())?.replicas.map(({ id }) => id);
    await line.do('restart', 'web');
    expect((await web())?.replicas.map(({ id }) => id)).not.toEqual(before);
    expect(await release('web.polite.localhost')).toBe('1');
  });

  it('revisions and releases say who asked', async () => {
    expect(await line.do('revisions', 'web')).toMatch(/ active .* ann .* restart$/m);
    expect(await line.do('releases')).toMatch(/ ann .* restart$/m);
  });

  it('logs shows both services, each line with its revision; events how it came about', async () => {
    expect(await line.do('logs')).toMatch(/shop r1 \| listening on \d+, release 1/);
    const entries = (await line.do('logs', 'shop', '--json')).split('\n').map((text) => JSON.parse(text) as LogEntry);
    expect(entries).toContainEqual(expect.objectContaining({ service: 'shop', revision: 1, stream: 'stdout' }));
    const events = (await line.do('events', 'shop', '--json')).split('\n').map((text) => JSON.parse(text) as Event);
    expect(events.map(({ reason }) => reason)).toContain('RolloutCompleted');
    expect((await line.do('events', '--tail', '2')).split('\n')).toHaveLength(2);
  });

  it('logs -f and events -f end with Ctrl-C', async () => {
    const following = line.start('logs', 'web', '-f');
    await new Promise((resolve) => following.stdout.once('data', resolve));
    following.kill('SIGINT');
    expect((await following).exitCode).toBe(130);
  });

  it('exec runs inside a replica and ends as the command did', async () => {
    expect(await line.do('exec', 'web', '--', 'node', '-p', 'process.env.RELEASE')).toBe('1');
    expect(await line.run('exec', 'web', 'node', '-e', 'process.exit(7)')).toMatchObject({ exitCode: 7 });
  });

  it('explain shows who said a value and whose word it overrode', async () => {
    const { values } = await line.json<ExplainReport>('explain', 'web');
    expect(values['deploy.healthcheckPath']).toMatchObject({ value: '/health', source: { kind: 'manifest' } });
    expect(await line.do('explain', 'web')).toMatch(
      /^deploy\.healthcheckPath +\/health +manifest pointsman\.yaml:\d+:\d+$/m,
    );
  });

  it.each([['status'], ['logs'], ['deploy'], ['rollback'], ['revisions'], ['restart'], ['explain'], ['events']])(
    '%s of an unknown service names the nearest',
    async (verb) => {
      const { exitCode, stderr } = await line.run(verb, 'wbe');
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/^error SERVICE_UNKNOWN: /);
      expect(stderr).toMatch(/fix: .*web/);
    },
  );

  it('a supervisor that was killed is started again as it was, and finds what runs', async () => {
    const before = await status();
    process.kill(before.supervisor.pid, 'SIGKILL');
    expect(await line.run('status')).toMatchObject({ exitCode: 3 });
    await line.do('up');
    const after = await status();
    expect(after.engine.kind).toBe('process');
    expect(after.proxy?.http).toBe(before.proxy?.http);
    const replicas = ({ services }: StatusReport) =>
      services.flatMap((service) => service.replicas.map(({ id }) => id));
    expect(replicas(after)).toEqual(replicas(before));
  });

  it('a version that cannot start fails with its own words, and the old one serves on', async () => {
    const broken = politeProject(['web', 'shop'])
      .replace('node polite.mjs', 'node crash-loop.mjs')
      .replace('healthcheckPath:', 'restartPolicyType: NEVER, healthcheckPath:');
    await line.write('pointsman.yaml', broken);
    const { exitCode, stderr } = await line.run('up');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error [A-Z_]+: .*\n(.*\n)*? {2}\| /m);
    expect(await line.do('status')).toMatch(/^ {2}✗ \w+, revision \d+ ROLLOUT_FAILED: .+\n +fix: /m);
    expect(await release('web.polite.localhost')).toBe('1');
  });

  it('rollback to a version that failed, or to what runs already, says so and does it', async () => {
    const revisions = await line.json<RevisionReport[]>('revisions', 'web');
    const numberOf = (wanted: string) => String(revisions.find(({ result }) => result === wanted)?.number);
    const failed = await line.run('rollback', 'web', numberOf('failed'));
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/^revision \d+ of web failed when it was deployed .+ shows which worked$/m);
    expect(await release('web.polite.localhost')).toBe('1');
    const again = await line.run('rollback', 'web', numberOf('active'));
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toMatch(/^revision \d+ of web is the active one: it is what runs already, /m);
  });

  it('down leaves nothing behind', async () => {
    await line.do('down');
    expect(await line.processes()).toEqual([]);
    expect(await line.run('status')).toMatchObject({ exitCode: 3 });
  });
});
