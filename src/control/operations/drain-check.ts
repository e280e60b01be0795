import type { Hook, HookOutcome, ReplicaIdentity } from '../../model/index.ts';
import { errorReport } from '../../model/index.ts';
import { newNotes, put } from '../records.ts';
import { commandOf, variablesOf } from './launch.ts';
import type { OperationParts, Perform } from './parts.ts';
import { isPassing, policyInForce } from './parts.ts';

const keptLines = 40;

/** Its words stand in the drain report, which the removal writes. */
export const drainCheck: Perform<'drain-check'> = async ({ service, replica }, parts, signal) => {
  const hook = policyInForce(parts, service)?.handover?.check;
  if (hook === undefined) return;
  const outcome = await run(parts, { replica, hook }, signal);
  const notes = parts.records.notes(replica.id) ?? newNotes(replica.id, service);
  parts.store.record([put.notes({ ...notes, drainCheck: outcome })]);
};

const run = async (
  parts: OperationParts,
  { replica, hook }: { readonly replica: ReplicaIdentity; readonly hook: Hook },
  signal: AbortSignal,
): Promise<HookOutcome> => {
  const { engine, clock, records } = parts;
  const revision = records.revision(replica.service, replica.revision);
  const at = clock.now();
  const output: string[] = [];
  const outcome = (exitCode: number | null): HookOutcome => ({
    at,
    seconds: (clock.now() - at) / 1000,
    exitCode,
    output: output.slice(-keptLines),
  });
  if (revision?.image === undefined) return outcome(null);
  const { spec, image } = revision;
  const once = {
    // Engines name what runs once apart from replicas. The one that sat here before may still be asked about.
    ...replica,
    image,
    command: commandOf(hook.command, hook.form),
    // It is asked about the one that has ended, so that is who it is told it is.
    variables: variablesOf(parts, revision, replica),
    port: spec.port,
    volumes: [],
    limits: spec.limits,
    timeoutSeconds: hook.timeoutSeconds,
  };
  try {
    const exit = await engine.runOnce(once, ({ text }) => output.push(text), signal);
    return outcome(exit.code);
  } catch (error) {
    if (signal.aborted || isPassing(error)) throw error;
    output.push(errorReport(error).message);
    return outcome(null);
  }
};
