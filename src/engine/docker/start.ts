import type Docker from 'dockerode';
import type { ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import { hostPortTaken } from '../host-port-taken.ts';
import type { EngineReplica, ReplicaStart } from '../port.ts';
import { askDocker, engineWords, httpStatus, tolerating } from './ask.ts';
import type { Placement } from './container-config.ts';
import { containerConfig, containerName } from './container-config.ts';
import type { DockerContext } from './context.ts';
import type { Role } from './labels.ts';
import { isOurs } from './labels.ts';
import { inspectContainer, replicaFromContainer } from './observe.ts';
import { removeContainer } from './remove.ts';

/**
 * Returns after Docker's start call has returned: a connect before that leaves the bridge's ARP entry incomplete for a
 * whole second, which makes a probe that came too early cost far more than it gained.
 */
export const startReplica = async (
  context: DockerContext,
  replica: ReplicaStart,
  signal: AbortSignal,
): Promise<EngineReplica> => {
  try {
    return await startOrFind(context, replica, signal);
  } catch (error) {
    // Somebody removed it (docker network prune): nothing is lost by making it again.
    if (!(error instanceof PointsmanError && /network \S+ not found/.test(error.message))) throw error;
    context.scopePlace.forget();
    return await startOrFind(context, replica, signal);
  }
};

const startOrFind = async (
  context: DockerContext,
  replica: ReplicaStart,
  signal: AbortSignal,
): Promise<EngineReplica> => {
  const name = containerName(replica, 'replica');
  const twin = await createContainer(context, replica, 'replica', signal);
  if (twin === undefined || twin.State.Status === 'created') await startContainer(context, name, signal);
  const info = await inspectContainer(context.docker, name, signal);
  const started = info && replicaFromContainer(info, await context.scopePlace.get(signal));
  if (started !== undefined) return started;
  throw new PointsmanError('REPLICA_START_FAILED', { message: `${name} was removed by someone while it started.` });
};

/** Makes the container; its twin is returned when it was there already. */
export const createContainer = async (
  context: DockerContext,
  replica: ReplicaStart,
  role: Role,
  signal: AbortSignal,
): Promise<Docker.ContainerInspectInfo | undefined> => {
  const placement = await context.scopePlace.get(signal);
  refuseUnenforced(replica, placement);
  const config = containerConfig(replica, role, placement);
  const name = containerName(replica, role);
  const create = () =>
    askDocker(`make the container ${name}`, signal, (abortSignal) =>
      tolerating([409], context.docker.createContainer({ ...config, abortSignal })),
    );
  try {
    if ((await create()) !== undefined) return undefined;
    const twin = await inspectContainer(context.docker, name, signal);
    if (twin !== undefined && !isOurs(context.ownership, twin.Config.Labels)) throw foreignContainer(name, twin);
    if (twin !== undefined && agrees(twin, config)) return twin;
    await removeContainer(context, name, signal);
    if ((await create()) !== undefined) return undefined;
  } catch (error) {
    throw httpStatus(error) === undefined ? error : startError(replica, error);
  }
  throw new PointsmanError('REPLICA_START_FAILED', {
    message: `The container name ${name} was taken again and again.`,
  });
};

/** A container that can't be started is removed: it has neither output nor an exit to look at. */
export const startContainer = async (context: DockerContext, name: string, signal: AbortSignal): Promise<void> => {
  const container = context.docker.getContainer(name);
  try {
    await askDocker(`start ${name}`, signal, (abortSignal) => tolerating([304], container.start({ abortSignal })));
  } catch (error) {
    if (httpStatus(error) === undefined) throw error;
    await removeContainer(context, name, signal);
    throw startError({ id: name as ReplicaId }, error);
  }
};

/** Same name but made from something else: left over from a revision number that was used before (a deleted state folder). */
const agrees = (twin: Docker.ContainerInspectInfo, config: Docker.ContainerCreateOptions): boolean =>
  twin.Config.Image === config.Image &&
  Object.entries(config.Labels ?? {}).every(([label, value]) => twin.Config.Labels[label] === value);

const refuseUnenforced = (replica: ReplicaStart, { enforces }: Placement): void => {
  const names = (['memoryBytes', 'cpus', 'pids'] as const).filter(
    (name) => replica.limits[name] !== undefined && !enforces[name],
  );
  if (names.length === 0) return;
  throw new PointsmanError('CAPABILITY_MISSING', {
    message: `${replica.id} has limits that this Docker can not enforce: ${names.join(', ')}.`,
    fix: 'Take the limits out, or use a Docker whose kernel has the control groups for them.',
  });
};

/** As Docker has said it over the years. */
const takenAddress =
  /(?:Bind for|listen (?:udp|tcp)[46]?|bind host port(?: for)?) (\S+?)(?: failed)?: (?:bind: )?(?:port is already allocated|address already in use)/;

const startError = (replica: { readonly id: ReplicaId }, error: unknown): PointsmanError => {
  const words = engineWords(error);
  const missingImage = /^No such image: (.*)$/.exec(words)?.[1];
  if (missingImage !== undefined) {
    return new PointsmanError('REPLICA_START_FAILED', {
      message: `${replica.id} can't start: Docker has no image ${missingImage}.`,
      fix: 'Deploy again, which builds it; an image of another machine has to be loaded (`docker load`) or pulled first.',
      cause: error,
    });
  }
  const takenPort = takenAddress.exec(words)?.[1];
  if (takenPort !== undefined) return hostPortTaken(replica.id, takenPort, error);
  const executable = /exec: "([^"]*)": (?:stat .*|executable file not found in \$PATH|no such file or directory)/.exec(
    words,
  )?.[1];
  if (executable !== undefined) {
    return new PointsmanError('REPLICA_START_FAILED', {
      message: `${replica.id} can't start: the executable \`${executable}\` could not be found.`,
      fix: 'Start commands run without a shell unless they are in shell form: name a program of the image, or wrap the line in `/bin/sh -c "…"`.',
      output: [words],
      cause: error,
    });
  }
  return new PointsmanError('REPLICA_START_FAILED', {
    message: `${replica.id} can't start: ${words}`,
    output: [words],
    cause: error,
  });
};

const foreignContainer = (name: string, twin: Docker.ContainerInspectInfo): PointsmanError =>
  new PointsmanError('REPLICA_START_FAILED', {
    message: `A container named ${name} is there already and belongs to ${twin.Config.Labels['pointsman.owner'] ?? 'something else'}.`,
    fix: `Stop the supervisor that owns it, or remove it: docker rm -f ${name}`,
  });
