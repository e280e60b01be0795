import { execa } from 'execa';

export type DockerState =
  | { readonly answers: true; readonly version: string }
  | { readonly answers: false; readonly reason: string };

/** Docker if it answers or can be installed and started here (scripts/docker.sh: Debian's docker.io, as root). */
export const ensureDocker = async (): Promise<DockerState> => {
  const setup = await execa('bash', ['scripts/docker.sh'], {
    stdout: process.stderr,
    stderr: ['pipe', process.stderr],
    reject: false,
  });
  if (setup.exitCode !== 0) return { answers: false, reason: lastLine(setup.stderr) };
  const version = await execa('docker', ['version', '--format', '{{.Server.Version}}'], { reject: false });
  return version.exitCode === 0
    ? { answers: true, version: version.stdout }
    : { answers: false, reason: lastLine(version.stderr) };
};

/** Why the local base images that stand in for a registry's could not be made; undefined: they are there. Progress goes to stderr. */
export const makeBaseImages = async (): Promise<string | undefined> => {
  const made = await execa('bash', ['scripts/make-bases.sh', 'all'], {
    stdout: process.stderr,
    stderr: ['pipe', process.stderr],
    reject: false,
  });
  return made.exitCode === 0 ? undefined : `base images could not be made: ${lastLine(made.stderr)}`;
};

export type BaseImages =
  /** `--build-arg` flags for the example projects: none where the public base images can be had, else the local ones. */
  { readonly kind: 'there'; readonly flags: readonly string[] } | { readonly kind: 'missing'; readonly reason: string };

export const findBaseImages = async (): Promise<BaseImages> => {
  const local = (await execa('bash', ['scripts/make-bases.sh', '--print-build-args'])).stdout.split('\n');
  const flags = local.flatMap((line) => ['--build-arg', line]);
  if (await arePresent(local.map((line) => line.slice(line.indexOf('=') + 1)))) return { kind: 'there', flags };
  if (await canPull(publicImages)) return { kind: 'there', flags: [] };
  const reason = await makeBaseImages();
  return reason === undefined ? { kind: 'there', flags } : { kind: 'missing', reason };
};

const publicImages = ['python:3.12-slim', 'postgres:16'];

const arePresent = async (images: readonly string[]): Promise<boolean> =>
  (await execa('docker', ['image', 'inspect', ...images], { reject: false })).exitCode === 0;

const canPull = async (images: readonly string[]): Promise<boolean> => {
  for (const image of images) {
    process.stderr.write(`pointsman: pulling ${image} …\n`);
    const pull = await execa('docker', ['pull', '--quiet', image], { reject: false, timeout: 180_000 });
    if (pull.exitCode !== 0) {
      process.stderr.write(
        `pointsman: no registry within reach (${lastLine(pull.stderr)}); base images are made here.\n`,
      );
      return false;
    }
  }
  return true;
};

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
