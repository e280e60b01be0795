import type Docker from 'dockerode';
import type { Address, Exit, ReplicaId, ServiceName } from '../../model/index.ts';
import { imageRef } from '../../model/index.ts';
import { exitOfCode } from '../exit.ts';
import type { EngineReplica } from '../port.ts';
import { askDocker, tolerating } from './ask.ts';
import type { Placement } from './container-config.ts';
import type { DockerContext } from './context.ts';
import { identityFromLabels, labelFilter, ownerLabels } from './labels.ts';

/** `halfMade`: made and never started; whoever meant to start them was killed or cut off in between, unless it is doing so now. */
export interface Observed {
  readonly replicas: readonly EngineReplica[];
  readonly halfMade: readonly ReplicaId[];
}

export const observeReplicas = async (
  context: DockerContext,
  service: ServiceName | undefined,
  signal: AbortSignal,
): Promise<Observed> => {
  const placement = await context.scopePlace.get(signal);
  const labels = {
    ...ownerLabels(context.ownership),
    'pointsman.role': 'replica',
    ...(service !== undefined && { 'pointsman.service': service }),
  };
  const listed = await askDocker('list containers', signal, (abortSignal) =>
    context.docker.listContainers({ all: true, filters: { label: labelFilter(labels) }, abortSignal }),
  );
  const inspected = await Promise.all(listed.map(({ Id }) => inspectContainer(context.docker, Id, signal)));
  const replicas = inspected
    .map((info) => (info === undefined ? undefined : replicaFromContainer(info, placement)))
    .filter((replica) => replica !== undefined);
  return { replicas, halfMade: replicas.filter(({ state }) => state.kind === 'created').map(({ id }) => id) };
};

/** undefined when it is gone. */
export const inspectContainer = (
  docker: Docker,
  name: string,
  signal: AbortSignal,
): Promise<Docker.ContainerInspectInfo | undefined> =>
  askDocker(`inspect ${name}`, signal, (abortSignal) =>
    tolerating([404], docker.getContainer(name).inspect({ abortSignal })),
  );

/** undefined when it is not one of ours, or on its way out. */
export const replicaFromContainer = (
  info: Docker.ContainerInspectInfo,
  placement: Placement,
): EngineReplica | undefined => {
  const identity = identityFromLabels(info.Config.Labels);
  if (identity === undefined || info.State.Status === 'removing') return undefined;
  const { port, ...seat } = identity;
  const startedAt = Date.parse(info.State.StartedAt);
  const replica = {
    ...seat,
    image: imageRef(info.Image),
    // A container that was never started has the year 1 here.
    startedAt: startedAt > 0 ? startedAt : Date.parse(info.Created),
  };
  if (info.State.Running) {
    return { ...replica, state: { kind: 'running', address: addressOf(info, port, placement) } };
  }
  if (info.State.Status === 'created') return { ...replica, state: { kind: 'created' } };
  return { ...replica, state: { kind: 'exited', exit: exitOfContainer(info) } };
};

export const exitOfContainer = ({ State: state }: Docker.ContainerInspectInfo): Exit =>
  exitOfCode(state.ExitCode, { outOfMemory: state.OOMKilled, at: Date.parse(state.FinishedAt) });

/** The port that Docker chose if it did, whatever the engine does now: the container may be older than this supervisor. */
const addressOf = (info: Docker.ContainerInspectInfo, port: number, { network }: Placement): Address | undefined => {
  const key = `${port}/tcp`;
  const asked: Docker.PortMap = info.HostConfig.PortBindings ?? {};
  // Those that were asked for by number are the user's own, past the proxy.
  const hostPorts = new Set((asked[key] ?? []).map(({ HostPort }) => HostPort));
  const published = info.NetworkSettings.Ports[key]?.find(({ HostPort }) => !hostPorts.has(HostPort));
  if (published !== undefined) return { host: '127.0.0.1', port: Number(published.HostPort) };
  const own = info.NetworkSettings.Networks[network.name]?.IPAddress;
  return own === undefined || own === '' ? undefined : { host: own, port };
};
