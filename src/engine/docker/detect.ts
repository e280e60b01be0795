import Docker from 'dockerode';
import type { DockerConnection } from './ask.ts';
import { askDocker } from './ask.ts';

type DockerAnswer =
  | { readonly answers: true; readonly version: string }
  | { readonly answers: false; readonly reason: string };

/** Does an engine answer, and soon? Decides which engine a project gets when nobody said. */
export const detectDocker = async (connection?: DockerConnection): Promise<DockerAnswer> => {
  const docker = new Docker(connection);
  try {
    const { Version: version } = await askDocker('say its version', AbortSignal.timeout(detectionLimitMs), () =>
      docker.version(),
    );
    return { answers: true, version };
  } catch (error) {
    return { answers: false, reason: error instanceof Error ? error.message : String(error) };
  }
};

const detectionLimitMs = 5_000;
