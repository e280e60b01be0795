import Docker from 'dockerode';
import type { ReplicaId } from '../../model/index.ts';
import type { Engine, Scope } from '../port.ts';
import type { DockerConnection } from './ask.ts';
import { askDocker } from './ask.ts';
import type { Placement } from './container-config.ts';
import type { DockerContext } from './context.ts';
import { hostResolver, ScopePlace, servedNames } from './context.ts';
import { replicaEvents } from './events.ts';
import { execInReplica } from './exec.ts';
import type { Ownership } from './labels.ts';
import { containerLogs } from './logs.ts';
import { prepareNetwork, removeNetwork } from './network.ts';
import { observeReplicas } from './observe.ts';
import { removeContainer, removeLeftOvers, removeVolumes, signalContainer } from './remove.ts';
import { runContainerOnce } from './run-once.ts';
import { startReplica } from './start.ts';
import { replicaStats } from './stats.ts';

export interface DockerEngineOptions {
  readonly scope: Scope;
  /** Tells supervisors apart that share one Docker: the path of the state folder. */
  readonly owner: string;
  /** Default: DOCKER_HOST, else the usual socket. */
  readonly docker?: DockerConnection;
  /** auto: only where container addresses can't be reached from here (Docker Desktop, a remote engine). */
  readonly publishPorts?: 'auto' | 'always' | 'never';
}

export const createDockerEngine = (options: DockerEngineOptions): Engine => {
  const docker = new Docker(options.docker);
  const ownership: Ownership = { ...options.scope, owner: options.owner };
  const closing = new AbortController();
  const runningOnce = new Set<string>();
  const scopePlace = new ScopePlace(lookUpPlace(docker, ownership, options.publishPorts ?? 'auto'));
  const context: DockerContext = { docker, ownership, scopePlace };
  const until = (signal: AbortSignal) => AbortSignal.any([signal, closing.signal]);
  return {
    capabilities: {
      engine: 'docker',
      privateNames: 'dns',
      ports: 'fixed',
      builds: 'image',
      limits: { memory: true, cpus: true, pids: true },
      volumes: true,
      isolatesFiles: true,
    },
    async prepare(signal) {
      const placement = await scopePlace.refresh(until(signal));
      await removeLeftOvers(context, (name) => runningOnce.has(name), until(signal));
      return { names: servedNames(placement) };
    },
    ...replicaMethods(context, until),
    signal: (replica, name, signal) => signalContainer(docker, replica, name, until(signal)),
    async runOnce(once, onLine, signal) {
      const name = `${once.id}-once`;
      runningOnce.add(name);
      try {
        return await runContainerOnce(context, once, onLine, until(signal));
      } finally {
        runningOnce.delete(name);
      }
    },
    exec: (replica, command, signal) => execInReplica(context, replica, command, until(signal)),
    logs: (replica, logOptions, signal) =>
      containerLogs(docker, { container: replica, replica }, logOptions, until(signal)),
    stats: (replica, signal) => replicaStats(docker, replica, until(signal)),
    events: (signal) => replicaEvents(docker, ownership, until(signal)),
    async dispose({ volumes }, signal) {
      scopePlace.forget();
      await removeNetwork(docker, ownership, until(signal));
      if (volumes) await removeVolumes(docker, ownership, until(signal));
    },
    async close() {
      closing.abort(new DOMException('the engine was closed', 'AbortError'));
    },
  };
};

const replicaMethods = (
  context: DockerContext,
  until: (signal: AbortSignal) => AbortSignal,
): Pick<Engine, 'start' | 'remove' | 'observe'> => {
  /** Being started or started from here: what of it is seen half made is not abandoned. */
  const startedHere = new Set<ReplicaId>();
  return {
    async start(replica, signal) {
      startedHere.add(replica.id);
      try {
        return await startReplica(context, replica, until(signal));
      } catch (error) {
        startedHere.delete(replica.id);
        throw error;
      }
    },
    async remove(replica, signal) {
      await removeContainer(context, replica, until(signal));
      startedHere.delete(replica);
    },
    async observe(service, signal) {
      const { replicas, halfMade } = await observeReplicas(context, service, until(signal));
      const abandoned = new Set(halfMade.filter((id) => !startedHere.has(id)));
      await Promise.all([...abandoned].map((id) => removeContainer(context, id, until(signal))));
      return replicas.filter(({ id }) => !abandoned.has(id));
    },
  };
};

type DockerInfo = Readonly<Record<'MemoryLimit' | 'CpuCfsQuota' | 'PidsLimit', boolean>>;

const lookUpPlace =
  (docker: Docker, ownership: Ownership, publishPorts: 'auto' | 'always' | 'never') =>
  async (signal: AbortSignal): Promise<Placement> => {
    const network = await prepareNetwork(docker, ownership, signal);
    const info: DockerInfo = await askDocker('describe itself', signal, () => docker.info());
    const enforces = { memoryBytes: info.MemoryLimit, cpus: info.CpuCfsQuota, pids: info.PidsLimit };
    const publish = publishPorts === 'always' || (publishPorts === 'auto' && !network.isLocal);
    return { ownership, network, enforces, resolver: await hostResolver(), publish };
  };
