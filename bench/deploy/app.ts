import { execa } from 'execa';

/** The polite app, listening a second after its start, as every way deploys it. */
export const image = 'pointsman-bench/polite:latest';
export const bootMs = 1000;
export const port = 8080;
/** Requests a second. */
export const rate = 300;

export const environmentOf = (release: string): Record<string, string> => ({
  RELEASE: release,
  BOOT_MS: String(bootMs),
  PORT: String(port),
});

export const environmentFlags = (release: string): string[] =>
  Object.entries(environmentOf(release)).flatMap(([name, value]) => ['--env', `${name}=${value}`]);

export const buildImage = async (nodeImage: string): Promise<void> => {
  await execa(
    'docker',
    [
      'build',
      '-q',
      '--build-arg',
      `NODE_IMAGE=${nodeImage}`,
      '--build-arg',
      'APP=polite.mjs',
      '-t',
      image,
      'fixtures/hostile',
    ],
    {
      env: { DOCKER_BUILDKIT: '0' },
    },
  );
};

export const addressOf = async (container: string, docker: readonly string[] = ['docker']): Promise<string> => {
  const [command = 'docker', ...flags] = docker;
  const { stdout } = await execa(command, [
    ...flags,
    'inspect',
    '--format',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    container,
  ]);
  return stdout.trim();
};
