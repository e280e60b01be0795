import type { ServiceName } from '../../model/index.ts';
import type { EngineReplica } from '../port.ts';
import type { ReplicaRecord } from './record.ts';
import type { RunnerLink } from './runner-link.ts';

export const observeReplicas = async (
  link: RunnerLink,
  service: ServiceName | undefined,
  signal: AbortSignal,
): Promise<readonly EngineReplica[]> => {
  const records = await link.request('list', null, signal);
  return records
    .filter(({ role, identity }) => role === 'replica' && (service === undefined || identity.service === service))
    .map(replicaFromRecord);
};

export const replicaFromRecord = ({ identity, image, startedAt, port, exit }: ReplicaRecord): EngineReplica => ({
  ...identity,
  image,
  startedAt,
  state: exit === null ? { kind: 'running', address: { host: '127.0.0.1', port } } : { kind: 'exited', exit },
});
