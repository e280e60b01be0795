import type { Departure, DrainReport, HookOutcome, NewEvent, ReplicaId } from '../model/index.ts';
import { exitWords } from './crash.ts';
import type { ReplicaNotes } from './store/index.ts';

export const drainReportOf = (
  replica: ReplicaId,
  departure: Departure,
  notes: ReplicaNotes | undefined,
): DrainReport => {
  const { revision, exit, signalledAt } = departure;
  const seconds = Math.max(0, exit.at - signalledAt) / 1000;
  const result = resultOf(departure);
  const { drainCommand: command, drainCheck: check } = notes ?? {};
  return {
    replica,
    revision,
    result,
    words: [
      `${replica} ${endWords(departure, seconds)}`,
      ...hookWords('its drain command', command),
      ...hookWords('its drain check', check),
    ].join('; '),
    exit,
    seconds,
    ...(command !== undefined && { command }),
    ...(check !== undefined && { check }),
  };
};

/** Work that may be lost is worth a warning. */
export const drainEvent = ({ replica, revision, result, words, check }: DrainReport): NewEvent => {
  const isFine = result === 'finished' && (check === undefined || check.exitCode === 0);
  const message = [words, ...(check?.output ?? []).slice(-3)].join('\n');
  return { replica, revision, severity: isFine ? 'info' : 'warning', reason: reasons[result], message };
};

const reasons: { readonly [Result in DrainReport['result']]: string } = {
  finished: 'ReplicaFinished',
  'by-signal': 'ReplicaCutOff',
  killed: 'ReplicaKilled',
  failed: 'ReplicaFailedToFinish',
};

/** What a process ends with whose SIGTERM, or SIGKILL, nobody handled. */
const byKill = 137;
const byTerm = 143;

const resultOf = ({ exit, wasKilled }: Departure): DrainReport['result'] => {
  if (wasKilled) return 'killed';
  if (exit.code === 0) return 'finished';
  const isKill = exit.outOfMemory || exit.code === byKill || exit.signal === 'SIGKILL';
  return !isKill && (exit.signal !== null || exit.code === byTerm) ? 'by-signal' : 'failed';
};

const endWords = (departure: Departure, seconds: number): string => {
  const after = `${Math.round(seconds * 10) / 10} s after its first signal`;
  switch (resultOf(departure)) {
    case 'finished':
      return `finished with code 0, ${after}`;
    case 'by-signal':
      return `was ended by the signal itself, ${after}: it does not handle it, so whatever it did was cut off`;
    case 'killed':
      return `swallowed its signals and was killed ${after}: whatever it did is lost`;
    case 'failed':
      return `${exitWords(departure.exit)}, ${after}: whatever it did may be lost`;
  }
};

const hookWords = (name: string, hook: HookOutcome | undefined): readonly string[] => {
  if (hook === undefined) return [];
  return [`${name} ${hook.exitCode === null ? 'did not end' : `exited with code ${hook.exitCode}`}`];
};
