import type { ReplicaId, ReplicaIdentity } from '../../model/index.ts';
import { serviceName } from '../../model/index.ts';
import type { Scope } from '../port.ts';

/** replica: seen by observe; once: a pre-deploy run; the scope's own objects (network, volume) have neither. */
export type Role = 'replica' | 'once';

/** Whose an object in Docker is. `owner` tells supervisors apart that share one Docker. */
export interface Ownership extends Scope {
  readonly owner: string;
}

/** On everything we make: networks, volumes, containers. */
export const ownerLabels = (ownership: Ownership): Record<string, string> => ({
  'pointsman.project': ownership.project,
  'pointsman.environment': ownership.environment,
  'pointsman.owner': ownership.owner,
});

export const containerLabels = (
  ownership: Ownership,
  replica: ReplicaIdentity & { readonly port: number },
  role: Role,
): Record<string, string> => ({
  ...ownerLabels(ownership),
  'pointsman.role': role,
  'pointsman.replica': replica.id,
  'pointsman.service': replica.service,
  'pointsman.revision': String(replica.revision),
  'pointsman.slot': String(replica.slot),
  'pointsman.attempt': String(replica.attempt),
  'pointsman.port': String(replica.port),
});

/** Docker ANDs label filters. */
export const labelFilter = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).map(([name, value]) => `${name}=${value}`);

export const isOurs = (ownership: Ownership, labels: Readonly<Record<string, string>> | undefined): boolean =>
  Object.entries(ownerLabels(ownership)).every(([name, value]) => labels?.[name] === value);

/** undefined when the labels are not those of a container of ours. */
export const identityFromLabels = (
  labels: Readonly<Record<string, string>>,
): (ReplicaIdentity & { readonly port: number }) | undefined => {
  const id = labels['pointsman.replica'];
  const service = labels['pointsman.service'];
  const revision = Number(labels['pointsman.revision']);
  const slot = Number(labels['pointsman.slot']);
  const attempt = Number(labels['pointsman.attempt']);
  const port = Number(labels['pointsman.port']);
  const numbersAreGood = [revision, slot, attempt, port].every(Number.isInteger);
  if (id === undefined || service === undefined || !numbersAreGood) return undefined;
  return { id: id as ReplicaId, service: serviceName(service), revision, slot, attempt, port };
};
