import type Docker from 'dockerode';
import type { StopSignal } from '../../model/index.ts';
import { askDocker, engineWords, httpStatus, tolerating } from './ask.ts';
import type { DockerContext } from './context.ts';
import type { Ownership, Role } from './labels.ts';
import { isOurs, labelFilter, ownerLabels } from './labels.ts';
import { inspectContainer } from './observe.ts';

/** Kills it if it runs. `v` takes anonymous volumes along, never named ones. A container of the same name that is not ours stays. */
export const removeContainer = async (
  { docker, ownership }: DockerContext,
  name: string,
  signal: AbortSignal,
): Promise<void> => {
  const info = await inspectContainer(docker, name, signal);
  if (info === undefined || !isOurs(ownership, info.Config.Labels)) return;
  const container = docker.getContainer(info.Id);
  try {
    await askDocker(`remove ${name}`, signal, (abortSignal) =>
      tolerating([404], container.remove({ force: true, v: true, abortSignal })),
    );
  } catch (error) {
    if (httpStatus(error) !== 409 || !engineWords(error).includes('already in progress')) throw error;
    await askDocker(`wait for the end of ${name}`, signal, (abortSignal) =>
      tolerating([404], container.wait({ condition: 'removed', abortSignal })),
    );
  }
};

/** 404 gone, 409 not running: nothing to signal, as asked. */
export const signalContainer = async (
  docker: Docker,
  name: string,
  stopSignal: StopSignal | 'SIGKILL',
  signal: AbortSignal,
): Promise<void> => {
  await askDocker(`send ${stopSignal} to ${name}`, signal, (abortSignal) =>
    tolerating([404, 409], docker.getContainer(name).kill({ signal: stopSignal, abortSignal })),
  );
};

/** Runs that a supervisor began and did not live to end. */
export const removeLeftOvers = async (
  context: DockerContext,
  isRunningHere: (name: string) => boolean,
  signal: AbortSignal,
): Promise<void> => {
  const role: Role = 'once';
  const label = labelFilter({ ...ownerLabels(context.ownership), 'pointsman.role': role });
  const listed = await askDocker('list containers', signal, (abortSignal) =>
    context.docker.listContainers({ all: true, filters: { label }, abortSignal }),
  );
  const names = listed.map((container) => container.Names[0]?.replace(/^\//, '') ?? container.Id);
  await Promise.all(names.filter((name) => !isRunningHere(name)).map((name) => removeContainer(context, name, signal)));
};

export const removeVolumes = async (docker: Docker, ownership: Ownership, signal: AbortSignal): Promise<void> => {
  const label = labelFilter(ownerLabels(ownership));
  const { Volumes: volumes } = await askDocker('list volumes', signal, (abortSignal) =>
    docker.listVolumes({ filters: { label }, abortSignal }),
  );
  await Promise.all(
    volumes.map(({ Name }) =>
      askDocker(`remove the volume ${Name}`, signal, (abortSignal) =>
        tolerating([404], docker.getVolume(Name).remove({ abortSignal })),
      ),
    ),
  );
};
