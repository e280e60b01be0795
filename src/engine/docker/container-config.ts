import type Docker from 'dockerode';
import type { ReplicaStart, StartCommand } from '../port.ts';
import type { Ownership, Role } from './labels.ts';
import { containerLabels, ownerLabels } from './labels.ts';
import type { ScopeNetwork } from './network.ts';

export interface Placement {
  /** What this Docker can enforce; without the kernel's support it would drop a limit with no more than a warning. */
  readonly enforces: { readonly memoryBytes: boolean; readonly cpus: boolean; readonly pids: boolean };
  readonly ownership: Ownership;
  readonly network: ScopeNetwork;
  /** Asked for names that neither Docker nor the scope's own DNS knows. */
  readonly resolver: string | undefined;
  /** Reach it through a port on the loopback of Docker's host instead of its own address. */
  readonly publish: boolean;
}

/**
 * Four times what BuildKit's steps have all together (1024, in a control group of their own): a build takes what is
 * left, and no more than a fifth of a processor that a replica wants whole.
 */
const replicaWeight = 4096;

/** What Docker is told about one replica. Pure: the same replica gives the same container. */
export const containerConfig = (
  replica: ReplicaStart,
  role: Role,
  placement: Placement,
): Docker.ContainerCreateOptions => {
  const { ownership, network } = placement;
  const bindings = role === 'replica' ? portBindings(replica, placement) : {};
  return {
    name: containerName(replica, role),
    Image: replica.image,
    Env: Object.entries(replica.variables).map(([name, value]) => `${name}=${value}`),
    Labels: containerLabels(ownership, replica, role),
    ...commandConfig(replica.command),
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((key) => [key, {}])),
    HostConfig: {
      NetworkMode: network.name,
      ...dnsConfig(placement),
      PortBindings: bindings,
      CpuShares: replicaWeight,
      ...limitConfig(replica.limits),
      Mounts: role === 'replica' ? replica.volumes.map((volume) => mountConfig(ownership, volume)) : [],
      // The loop restarts, as a new replica in the same slot; Docker must not.
      RestartPolicy: { Name: 'no' },
      Init: false,
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
    ...(!network.canServeNames && {
      NetworkingConfig: { EndpointsConfig: { [network.name]: { Aliases: [replica.service] } } },
    }),
  };
};

export const containerName = (replica: Pick<ReplicaStart, 'id'>, role: Role): string =>
  role === 'once' ? `${replica.id}-once` : replica.id;

/** Its own port where only the host reaches it, then those of the machine that are to lead to it. */
const portBindings = (
  { port, hostPorts = [] }: ReplicaStart,
  { publish }: Placement,
): Record<string, { readonly HostIp: string; readonly HostPort: string }[]> => {
  const bindings: ReturnType<typeof portBindings> = publish
    ? { [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: '' }] }
    : {};
  for (const { listen, port: inside, protocol } of hostPorts) {
    const HostIp = listen.host.replace(/^\[|\]$/g, '');
    (bindings[`${inside}/${protocol}`] ??= []).push({ HostIp, HostPort: String(listen.port) });
  }
  return bindings;
};

const volumeName = ({ project, environment }: Ownership, volume: string): string =>
  `${project}-${environment}-${volume}`;

/** A start command takes the place of the image's ENTRYPOINT and CMD; shell form is for commands that need one. */
const commandConfig = (
  command: StartCommand | undefined,
): Pick<Docker.ContainerCreateOptions, 'Entrypoint' | 'Cmd'> => {
  switch (command?.form) {
    case undefined:
      return {};
    case 'exec':
      return { Entrypoint: [...command.argv], Cmd: [] };
    case 'shell':
      return { Entrypoint: ['/bin/sh', '-c', command.line], Cmd: [] };
  }
};

/** Docker asks the gateway for every name that it does not know; REFUSED there sends it on to the next without delay. */
const dnsConfig = ({ network, resolver }: Placement): Pick<Docker.HostConfig, 'Dns'> =>
  network.canServeNames ? { Dns: [network.gateway, ...(resolver === undefined ? [] : [resolver])] } : {};

const limitConfig = ({ memoryBytes, cpus, pids }: ReplicaStart['limits']): Docker.HostConfig => ({
  // Equal to Memory: no swap, so that the limit means what it says.
  ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
  ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
  ...(pids !== undefined && { PidsLimit: pids }),
});

const mountConfig = (ownership: Ownership, volume: ReplicaStart['volumes'][number]): Docker.MountSettings => ({
  Type: 'volume',
  Source: volumeName(ownership, volume.name),
  Target: volume.mountPath,
  VolumeOptions: { NoCopy: false, Labels: ownerLabels(ownership), DriverConfig: { Name: 'local', Options: {} } },
});
