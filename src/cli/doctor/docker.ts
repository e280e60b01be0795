import { askDocker, dockerAddress } from './docker-api.ts';
import type { Finding } from './finding.ts';

const about = 'Docker';
const withoutDocker = 'Without it the embedded process engine is used: no images, no volumes, no isolation.';

export const examineDocker = async (
  variables: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Finding> => {
  const address = dockerAddress(variables);
  const host = variables['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  if (address === undefined) {
    return { about, state: 'limited', message: `${host} was not looked at: only unix and tcp addresses are.` };
  }
  try {
    const version = (await askDocker(address, '/version', signal)).body as DockerVersion;
    const text = `${version.Version} answers on ${host} (API ${version.ApiVersion})`;
    return hasBuildKit(version) ? withBuildKit(text) : withoutBuildKit(text);
  } catch (error) {
    signal.throwIfAborted();
    return { about, state: 'limited', message: `${troubleOf(error, host)} ${withoutDocker}`, fix: fixOf(error) };
  }
};

interface DockerVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly Components?: readonly { readonly Name: string }[];
}

/** Podman speaks the same API, but builds as the classic builder does. */
const hasBuildKit = ({ ApiVersion, Components }: DockerVersion): boolean => {
  const [major = 0, minor = 0] = ApiVersion.split('.').map(Number);
  const isPodman = Components?.some((component) => component.Name.startsWith('Podman')) ?? false;
  return !isPodman && (major > 1 || minor >= 39);
};

const withBuildKit = (text: string): Finding => ({ about, state: 'good', message: `${text}, with BuildKit` });

const withoutBuildKit = (text: string): Finding => ({
  about,
  state: 'limited',
  message: `${text}, without BuildKit: builds use the classic builder, which knows no build secrets and no cache mounts.`,
  fix: 'Install Docker 18.09 or newer.',
});

const troubleOf = (error: unknown, host: string): string => {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
      return `You may not use ${host}.`;
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `No Docker answers on ${host}.`;
    default:
      return `Docker on ${host} does not answer as it should (${(error as Error).message}).`;
  }
};

const fixOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'EACCES'
    ? 'Add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in again).'
    : 'Start Docker, or install it (Debian: `apt-get install docker.io`, then `dockerd`); DOCKER_HOST names another address.';
