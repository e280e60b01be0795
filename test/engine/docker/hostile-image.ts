import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type Docker from 'dockerode';
import type { Scope } from '../../../src/engine/index.ts';

const folder = fileURLToPath(new URL('../../../fixtures/hostile', import.meta.url));

/** All apps of `fixtures/hostile` in one image; its own CMD runs the polite one. */
export const buildHostileImage = async (docker: Docker, tag: string): Promise<void> => {
  const stream = await docker.buildImage(
    { context: folder, src: readdirSync(folder) },
    { t: tag, forcerm: true, buildargs: { NODE_IMAGE: 'local/node:24-slim', APP: 'polite.mjs' } },
  );
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, output: readonly { readonly error?: string }[]) => {
      const failure = output.find((line) => line.error !== undefined)?.error;
      if (error !== null || failure !== undefined) reject(error ?? new Error(failure));
      else resolve();
    });
  });
};

/** Every container, network and volume that bears the scope's project. */
export const dockerLeftOvers = async (docker: Docker, { project }: Scope): Promise<readonly string[]> => {
  const filters = { label: [`pointsman.project=${project}`] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return [
    ...containers.map(({ Names }) => `container ${Names.join()}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...volumes.map(({ Name }) => `volume ${Name}`),
  ];
};
