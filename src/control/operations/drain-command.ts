import type { Hook, HookOutcome, ReplicaId, ServiceName } from '../../model/index.ts';
import { errorReport } from '../../model/index.ts';
import { newNotes, put } from '../records.ts';
import { commandOf } from './launch.ts';
import type { OperationParts, Perform } from './parts.ts';
import { isPassing, policyInForce } from './parts.ts';

const keptLines = 40;

/** Whatever it makes of it, the signals follow: a hook that fails must not keep a replica for ever. */
export const drainCommand: Perform<'drain-command'> = async ({ service, replica }, parts, signal) => {
  const hook = policyInForce(parts, service)?.handover?.command;
  if (hook === undefined) return;
  noteLeaving(parts, service, replica);
  const outcome = await run(parts, { replica, hook }, signal);
  const notes = parts.records.notes(replica) ?? newNotes(replica, service);
  parts.store.record([put.notes({ ...notes, drainCommand: outcome })]);
  const ended = outcome.exitCode === null ? 'did not end' : `exited with code ${outcome.exitCode}`;
  parts.onEvent({
    service,
    replica,
    severity: outcome.exitCode === 0 ? 'info' : 'warning',
    reason: outcome.exitCode === 0 ? 'DrainCommandDone' : 'DrainCommandFailed',
    message: [`the drain command in ${replica} ${ended}`, ...outcome.output.slice(-3)].join('\n'),
  });
};

/** Before it runs: what has handed its work over must not get more, also when we are killed meanwhile. */
const noteLeaving = ({ records, store, clock }: OperationParts, service: ServiceName, replica: ReplicaId): void => {
  const notes = records.notes(replica) ?? newNotes(replica, service);
  if (notes.drainingSince === undefined) store.record([put.notes({ ...notes, drainingSince: clock.now() })]);
};

const run = async (
  { engine, clock }: OperationParts,
  { replica, hook }: { readonly replica: Parameters<OperationParts['engine']['exec']>[0]; readonly hook: Hook },
  signal: AbortSignal,
): Promise<HookOutcome> => {
  const at = clock.now();
  const outcome = (exitCode: number | null, output: string): HookOutcome => ({
    at,
    seconds: (clock.now() - at) / 1000,
    exitCode,
    output: output.trimEnd().split('\n').slice(-keptLines),
  });
  const tooLate = new AbortController();
  const cancel = clock.after(hook.timeoutSeconds * 1000, () =>
    tooLate.abort(new Error(`it took longer than ${hook.timeoutSeconds} s`)),
  );
  try {
    const { exitCode, output } = await engine.exec(replica, argvOf(hook), AbortSignal.any([signal, tooLate.signal]));
    return outcome(exitCode, output);
  } catch (error) {
    if (signal.aborted || (isPassing(error) && !tooLate.signal.aborted)) throw error;
    return outcome(null, errorReport(tooLate.signal.aborted ? tooLate.signal.reason : error).message);
  } finally {
    cancel();
  }
};

const argvOf = ({ command, form }: Hook): readonly string[] => {
  const start = commandOf(command, form);
  if (start === undefined) return [];
  return start.form === 'exec' ? start.argv : ['/bin/sh', '-c', start.line];
};
