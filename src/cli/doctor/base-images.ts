import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:http';
import { resolveServices } from '../../manifest/index.ts';
import type { LoadedProject, ResolveContext } from '../../manifest/index.ts';
import type { Capabilities } from '../../model/index.ts';
import type { Session } from '../session.ts';
import { baseImagesOf } from './base-images-of.ts';
import { askDocker, dockerAddress } from './docker-api.ts';
import type { Finding } from './finding.ts';

const about = 'base images';
const defaultEnvironment = 'production';

/** Are the images there that the project's Dockerfiles build on, or that run as they are? Without Docker nobody asks. */
export const examineBaseImages = async (
  session: Session,
  loaded: LoadedProject,
  buildArgs: Readonly<Record<string, string>>,
): Promise<readonly Finding[]> => {
  const { settings, environment, signal } = session;
  const address = dockerAddress(environment.variables);
  if (address === undefined || !(await answers(address, signal))) return [];
  const { specs } = resolveServices(loaded, contextOf(settings.environment ?? defaultEnvironment, buildArgs));
  const images = new Set<string>();
  for (const { image } of specs) {
    if (image.kind === 'image') images.add(image.reference);
    else for (const base of await readBaseImages(image.dockerfile, image.args)) images.add(base);
  }
  return Promise.all([...images].map((image) => examineImage(image, address, signal)));
};

const readBaseImages = async (
  dockerfile: string,
  args: Readonly<Record<string, string>>,
): Promise<readonly string[]> => {
  const text = await readFile(dockerfile, 'utf8').catch(() => '');
  return baseImagesOf(text, args);
};

const examineImage = async (image: string, address: RequestOptions, signal: AbortSignal): Promise<Finding> => {
  const { status } = await askDocker(address, `/images/${encodeURIComponent(image)}/json`, signal);
  if (status === 200) return { about, state: 'good', message: `${image} is here` };
  return {
    about,
    state: 'limited',
    message: `${image} is not here; the first build pulls it.`,
    fix: 'Where no registry is within reach, name an image of your own with --build-arg (the Dockerfile says which argument).',
  };
};

const answers = async (address: RequestOptions, signal: AbortSignal): Promise<boolean> => {
  try {
    return (await askDocker(address, '/_ping', signal)).status === 200;
  } catch {
    return false; // what is wrong with Docker is a finding of its own
  }
};

const docker: Capabilities = {
  engine: 'docker',
  privateNames: 'dns',
  ports: 'fixed',
  builds: 'image',
  limits: { memory: true, cpus: true, pids: true },
  volumes: true,
  isolatesFiles: true,
};

/** Only the images are looked at: names, addresses and secrets may be anything. */
const contextOf = (environment: string, buildArgs: Readonly<Record<string, string>>): ResolveContext => ({
  environment,
  variables: {},
  overrideServices: [],
  buildArgs,
  capabilities: docker,
  storedSecrets: { get: () => 'secret', set: () => {} },
  privateAddress: (service) => ({ host: service }),
  publicUrl: (domain) => `http://${domain}`,
});
