import type { ReplicaIdentity, Revision } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import { failedStart } from '../crash.ts';
import { put } from '../records.ts';
import { rulesOf } from '../rules.ts';
import type { SlotRecord } from '../store/index.ts';
import { commandOf, variablesOf } from './launch.ts';
import type { OperationParts, Perform } from './parts.ts';
import { isPassing } from './parts.ts';

export const start: Perform<'start'> = async ({ service, replica, cause }, parts, signal) => {
  const revision = parts.records.revision(service, replica.revision);
  if (revision === undefined) return;
  const event = { service, revision: revision.number, replica: replica.id } as const;
  const slot = takeSeat(parts, replica);
  parts.live.say(service, `starting ${replica.id}`);
  try {
    await launch(parts, { revision, replica, signal });
    parts.onEvent({ ...event, severity: 'info', reason: 'ReplicaStarted', message: `started ${replica.id}: ${cause}` });
  } catch (error) {
    if (signal.aborted || isPassing(error)) throw error;
    const crash = failedStart(replica.attempt, parts.clock.now(), error);
    parts.store.record([put.slot({ ...slot, crashes: [...slot.crashes, crash] })]);
    parts.onEvent({ ...event, severity: 'error', reason: 'StartFailed', message: `${replica.id} ${crash.words}` });
  }
};

/** Written down before the start, so that no attempt is ever made under a used number. */
const takeSeat = (parts: OperationParts, replica: ReplicaIdentity): SlotRecord => {
  const { service, revision, slot, attempt } = replica;
  const before = parts.records.slot(service, revision, slot);
  const now = parts.clock.now();
  const taken: SlotRecord = {
    service,
    revision,
    slot,
    lastAttempt: attempt,
    firstStartedAt: before?.firstStartedAt ?? now,
    lastStartedAt: now,
    crashes: before?.crashes ?? [],
  };
  parts.store.record([put.slot(taken)]);
  return taken;
};

const launch = async (
  parts: OperationParts,
  what: { readonly revision: Revision; readonly replica: ReplicaIdentity; readonly signal: AbortSignal },
): Promise<void> => {
  const { revision, replica } = what;
  const { spec, image } = revision;
  if (image === undefined) {
    throw new PointsmanError('REPLICA_START_FAILED', { message: `revision ${revision.number} has no image` });
  }
  await parts.engine.start(
    {
      ...replica,
      image,
      command: commandOf(spec.startCommand, rulesOf(parts.records, revision).commandForm),
      variables: variablesOf(parts, revision, replica),
      port: spec.port,
      volumes: spec.volumes,
      ...(spec.hostPorts !== undefined && { hostPorts: spec.hostPorts }),
      limits: spec.limits,
    },
    what.signal,
  );
};
