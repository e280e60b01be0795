import type { StartCommand } from '../../engine/index.ts';
import type { ReplicaIdentity, Revision, RolloutPolicy } from '../../model/index.ts';
import { splitCommandLine } from './command-line.ts';
import type { OperationParts } from './parts.ts';

export const commandOf = (line: string | undefined, form: RolloutPolicy['commandForm']): StartCommand | undefined => {
  if (line === undefined) return undefined;
  return form === 'shell' ? { form, line } : { form, argv: splitCommandLine(line) };
};

/** The spec's variables and what belongs to one deployment and one replica. */
export const variablesOf = (
  parts: OperationParts,
  revision: Revision,
  replica: ReplicaIdentity | undefined,
): Readonly<Record<string, string>> => ({
  RAILWAY_DEPLOYMENT_ID: `${revision.service}-r${revision.number}`,
  ...(replica !== undefined && { RAILWAY_REPLICA_ID: replica.id }),
  ...(parts.engine.capabilities.ports === 'fixed' && { PORT: String(revision.spec.port) }),
  ...revision.spec.variables,
});
