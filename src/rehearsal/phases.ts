import { isFinished } from '../model/index.ts';
import type { PhaseSpan, Rollout, RolloutPhase } from '../model/index.ts';
import type { RunClock } from './run-clock.ts';

/** When a run's own parts began and ended, in milliseconds since its load began. */
export interface RunTimes {
  readonly deployStart: number;
  readonly deployEnd: number;
  readonly end: number;
}

/** The run's own phases (before, deploy, after), then those of each rollout, from its history. */
export const phaseSpans = (times: RunTimes, rollouts: readonly Rollout[], clock: RunClock): readonly PhaseSpan[] => [
  { name: 'before', start: 0, end: times.deployStart },
  { name: 'deploy', start: times.deployStart, end: times.deployEnd },
  { name: 'after', start: times.deployEnd, end: times.end },
  ...rollouts.flatMap((rollout) => rolloutSpans(rollout, times.deployEnd, clock)),
];

const rolloutSpans = (rollout: Rollout, deployEnd: number, clock: RunClock): readonly PhaseSpan[] =>
  rollout.history.flatMap(({ phase, at }, index) => {
    // An end is a moment, not a span.
    if (isFinished(phase)) return [];
    const next = rollout.history[index + 1];
    const start = Math.max(clock.fromInstant(at), 0);
    const end = Math.max(next === undefined ? deployEnd : clock.fromInstant(next.at), start);
    return [{ name: phase, service: rollout.service, start, end }];
  });

/**
 * Several services may be in several phases at a time; a loss is put down to the one that is most likely to have
 * caused it: who moves replicas or routes before who only builds or waits.
 */
const likelyCauses: readonly RolloutPhase[] = [
  'replacing',
  'canary',
  'verifying',
  'baking',
  'retiring',
  'staging',
  'previewing',
  'pre-deploy',
  'checking',
  'building',
  'waiting',
];

/** `SERVICE PHASE`, or the run's own phase. */
export const phaseAt = (spans: readonly PhaseSpan[], time: number): string => {
  const open = spans.filter(({ start, end }) => start <= time && time < end);
  const [first] = open.toSorted((one, other) => rank(one) - rank(other));
  // Only what began in the very last instant of the load falls outside.
  if (first === undefined) return 'after';
  return first.service === undefined ? first.name : `${first.service} ${first.name}`;
};

const rank = ({ name, service }: PhaseSpan): number =>
  service === undefined ? likelyCauses.length : likelyCauses.findIndex((phase) => phase === name);

export const countByPhase = (
  spans: readonly PhaseSpan[],
  times: readonly number[],
): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const time of times) {
    const phase = phaseAt(spans, time);
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  return counts;
};
