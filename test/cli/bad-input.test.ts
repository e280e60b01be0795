import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, onProcesses, politeProject } from './command-line.ts';

const open: CommandLine[] = [];
const create = async (manifest?: string): Promise<CommandLine> => {
  const line = await CommandLine.create(manifest);
  open.push(line);
  return line;
};
afterEach(async () => {
  for (const line of open.splice(0)) await line.remove();
});

describe('bad usage: exit code 2 and what was meant', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await CommandLine.create();
  });
  afterAll(() => line.remove());

  it.each([
    [['statsu'], "unknown command 'statsu'", 'Did you mean status?'],
    [['status', '--jsn'], "unknown option '--jsn'", 'Did you mean --json?'],
    [['scale', 'web', 'many'], 'replicas "many"', undefined],
    [['scale', 'web'], "missing required argument 'replicas'", 'pointsman scale --help'],
    [['domains', 'swap', 'staging'], "missing required argument 'other'", 'pointsman domains swap --help'],
    [['deploy', '--variable', 'RELEASE'], 'KEY=VALUE', undefined],
    [['up', '--engine', 'podman'], 'podman', undefined],
    [['rollback'], 'either a service or a release', 'rollback --release 3'],
    [[], 'No command', '--help'],
  ])('pointsman %j', async (words, what, fix) => {
    const outcome = await line.run(...words);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^error USAGE: /);
    expect(outcome.stderr).toContain(what);
    if (fix !== undefined) expect(outcome.stderr).toContain(fix);
  });
});

describe('bad manifests', () => {
  it('every problem at once, each with its place; nothing stays behind', async () => {
    const line = await create(
      politeProject(['web'])
        .replace('healthcheckPath', 'heathcheckPath')
        .replace('platform: pointsman', 'platform: heruko'),
    );
    const { exitCode, stderr } = await line.run('up', ...onProcesses);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/at pointsman\.yaml:5:\d+/);
    expect(stderr).toMatch(/at pointsman\.yaml:14:\d+/);
    expect(stderr).toContain('healthcheckPath');
    expect(await line.processes()).toEqual([]);
  });

  it('as JSON for programs', async () => {
    const line = await create('kind: [');
    const { exitCode, stdout } = await line.run('rehearse', '--json', 'report.json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error.code).toMatch(/^MANIFEST_/);
  });

  it('a path that is not there', async () => {
    const { exitCode, stderr } = await (await create()).run('up', 'no/such/folder');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error MANIFEST_NOT_FOUND: ');
  });

  it('a rehearsal that is not there', async () => {
    const rehearsal = `---
apiVersion: pointsman/v1
kind: Rehearsal
metadata: { name: deploy }
spec: { deploy: { services: [web] } }
`;
    const line = await create(politeProject(['web'], rehearsal));
    const { exitCode, stderr } = await line.run('rehearse', 'deplyo');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error REHEARSAL_UNKNOWN: ');
    expect(stderr).toContain('Did you mean "deploy"?');
  });
});

describe('out of reach: exit code 3', () => {
  it('no supervisor', async () => {
    const { exitCode, stderr } = await (await create(politeProject(['web']))).run('status');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error SUPERVISOR_UNREACHABLE: ');
    expect(stderr).toContain('pointsman up');
  });

  it('no supervisor of the project one stands in, when npm runs the command line of a clone elsewhere', async () => {
    const line = await create(politeProject(['web']));
    const words = ['run', '-s', '--prefix', process.cwd(), 'pointsman', '--', 'status'];
    const { exitCode, stderr } = await execa('npm', words, { reject: false, cwd: line.folder, timeout: 60_000 });
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`${line.folder}/.pointsman/supervisor.sock`);
  });

  it('a state folder that cannot be made', async () => {
    const line = await create(politeProject(['web']));
    await line.write('taken', 'a file');
    const { exitCode, stderr } = await line.run('up', ...onProcesses, '--state-dir', 'taken/state');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error STATE_WRITE_FAILED: ');
  });
});

it('what needs no supervisor works without: --version, --help, schema, doctor, plan', async () => {
  const line = await create(politeProject(['web']));
  expect(await line.do('--version')).toMatch(/^\d+\.\d+\.\d+$/);
  expect(await line.do('up', '--help')).toContain('--build-arg <key=value>');
  expect(JSON.parse(await line.do('schema'))).toHaveProperty('$schema');
  const findings = JSON.parse((await line.run('doctor', '--json', '--http', '127.0.0.1:0')).stdout);
  expect(findings).toContainEqual(expect.objectContaining({ about: 'Node', state: 'good' }));
  expect(findings).toContainEqual(expect.objectContaining({ about: 'manifests', state: 'good' }));
  expect(await line.do('plan', ...onProcesses)).toContain('web: create (first deploy)');
  expect(await line.processes()).toEqual([]);
});
