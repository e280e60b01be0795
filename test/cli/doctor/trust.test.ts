import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAuthority } from '../../../src/certificates/index.ts';
import { trustStores } from '../../../src/cli/doctor/trust-stores.ts';
import { programNamed } from '../../program-named.ts';
import { CommandLine } from '../command-line.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'trust-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const surroundings = (platform: string, programs: readonly string[]) => ({
  platform,
  home: '/home/u',
  has: (program: string) => programs.includes(program),
  exists: () => false,
});

it('knows the stores of Debian, Fedora, macOS and Chromium, and which of them take root', () => {
  const commands = (platform: string, ...programs: string[]): unknown =>
    trustStores('/ca.pem', surroundings(platform, programs)).map(({ needsRoot, steps }) => [needsRoot, steps.at(-1)]);
  expect(commands('linux', 'update-ca-certificates')).toEqual([
    [true, { kind: 'run', command: ['update-ca-certificates'] }],
  ]);
  expect(commands('linux', 'update-ca-trust')).toEqual([
    [true, { kind: 'run', command: ['update-ca-trust', 'extract'] }],
  ]);
  expect(commands('darwin')).toMatchObject([
    [true, { command: expect.arrayContaining(['security', '/ca.pem']) as string[] }],
  ]);
  expect(commands('linux', 'certutil')).toMatchObject([
    [false, { command: expect.arrayContaining(['certutil', '-A']) as string[] }],
  ]);
  expect(commands('plan9')).toEqual([]);
});

it.skipIf(programNamed('certutil') === undefined)(
  'adds the authority to the store of Chromium, again without harm, and says each step',
  async () => {
    const line = await CommandLine.create();
    const path = join(home, 'bin');
    await mkdir(path);
    await execa('ln', ['-s', '/usr/bin/certutil', '/bin/mkdir', path]);
    const options = {
      cwd: line.folder,
      env: { HOME: home, PATH: path, POINTSMAN_CA_DIR: join(home, 'ca'), NO_COLOR: '1' },
    };
    const doctor = () =>
      execa(process.execPath, [join(process.cwd(), 'src/bin/pointsman.ts'), 'doctor', '--trust'], options);
    for (let time = 0; time < 2; time += 1) {
      const { stdout, stderr } = await doctor();
      expect(stdout).toContain('Chromium of this user believes it now');
      expect(stderr).toContain('certutil -d');
    }
    const { stdout: list } = await execa('certutil', ['-d', `sql:${join(home, '.pki/nssdb')}`, '-L']);
    expect(list).toMatch(/pointsman-ca\s+C,,/);
    await line.remove();
  },
);

it.skipIf(programNamed('update-ca-certificates', '/usr/sbin') === undefined)(
  "ends up in the bundle that Debian's programs read",
  async () => {
    const authority = await openAuthority(join(home, 'ca'));
    const [store] = trustStores(authority.certificateFile, surroundings('linux', ['update-ca-certificates']));
    const [copy, update] = store?.steps ?? [];
    if (copy?.kind !== 'copy' || update?.kind !== 'run') throw new Error('Debian takes a copy and a command');
    // The same into folders of our own: a test must not change whom this machine trusts.
    const [local, etc] = [join(home, 'local'), join(home, 'etc')];
    await mkdir(local);
    await mkdir(etc);
    await execa('cp', [copy.from, join(local, copy.to.split('/').at(-1) ?? '')]);
    await execa(update.command[0], ['--localcertsdir', local, '--etccertsdir', etc]);
    expect(await readFile(join(etc, 'ca-certificates.crt'), 'utf8')).toContain(authority.certificate.trim());
  },
);

it('without any store it knows, it names the file and ends with a coded error', async () => {
  const line = await CommandLine.create();
  const env = { HOME: home, PATH: join(home, 'nothing'), POINTSMAN_CA_DIR: join(home, 'ca'), NO_COLOR: '1' };
  const options = { cwd: line.folder, env, reject: false } as const;
  const program = join(process.cwd(), 'src/bin/pointsman.ts');
  const { exitCode, stdout } = await execa(process.execPath, [program, 'doctor', '--trust', '--json'], options);
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'TRUST_FAILED', fix: expect.stringContaining('pointsman-ca.pem') as string },
  });
  await line.remove();
});
