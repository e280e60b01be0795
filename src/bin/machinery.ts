import { createBuilder } from '../build/index.ts';
import type { Builder } from '../build/index.ts';
import type { Place } from '../control/index.ts';
import type { Engine } from '../engine/index.ts';
import { loadDockerClient } from './lean-docker-client.ts';

interface MachineryWanted {
  readonly engine: 'auto' | 'docker' | 'process';
  readonly stateFolder: string;
  readonly place: Place;
}

/** What runs and builds the replicas of one environment. */
interface Machinery {
  readonly engine: Engine;
  readonly builder: Builder;
  readonly reason: string;
}

/** Docker's side is loaded only where it is used: it is a third of the program's memory. */
export const chooseMachinery = async ({ engine, stateFolder, place }: MachineryWanted): Promise<Machinery> => {
  if (engine === 'process') return processMachinery(stateFolder, place, 'asked for');
  loadDockerClient(process.env.DOCKER_HOST);
  const { detectDocker } = await import('../engine/docker/index.ts');
  const docker = await detectDocker();
  if (docker.answers) return dockerMachinery(stateFolder, place, `Docker ${docker.version} answers`);
  if (engine === 'docker') return dockerMachinery(stateFolder, place, 'asked for');
  return processMachinery(stateFolder, place, `Docker does not answer: ${docker.reason}`);
};

/** For whoever only reads the program: what any machine would load. */
export const readMachinery = async (): Promise<void> => {
  loadDockerClient(undefined);
  await Promise.all([
    import('../engine/docker/index.ts'),
    import('../build/dockerfile/index.ts'),
    import('../build/prebuilt/index.ts'),
    import('../engine/process/index.ts'),
    import('../build/snapshot/index.ts'),
    import('../certificates/index.ts'),
  ]);
};

const dockerMachinery = async (stateFolder: string, place: Place, reason: string): Promise<Machinery> => {
  const { createDockerEngine } = await import('../engine/docker/index.ts');
  const { createDockerfileBuilder } = await import('../build/dockerfile/index.ts');
  const { createPrebuiltBuilder } = await import('../build/prebuilt/index.ts');
  const builder = createBuilder({
    dockerfile: createDockerfileBuilder({ project: place.project, stateFolder }),
    prebuilt: createPrebuiltBuilder({}),
  });
  return { engine: createDockerEngine({ scope: place, owner: stateFolder }), builder, reason };
};

const processMachinery = async (stateFolder: string, place: Place, reason: string): Promise<Machinery> => {
  const { createProcessEngine } = await import('../engine/process/index.ts');
  const { createSnapshotBuilder } = await import('../build/snapshot/index.ts');
  const builder = createBuilder({ snapshot: createSnapshotBuilder({ stateFolder }) });
  return { engine: createProcessEngine({ scope: place, stateFolder }), builder, reason };
};
