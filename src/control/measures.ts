import type { Clock } from '../lib/index.ts';
import type { Rollout, RolloutPolicy, ServiceName } from '../model/index.ts';
import type { Expectation } from '../plan/index.ts';
import { sleptBetween } from '../model/index.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import type { StateStore } from './store/index.ts';

interface MeasureParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly clock: Clock;
}

/** The table that was acknowledged just now leaves the service with or without anybody who serves: a gap begins or ends. */
export const noteRouted = ({ store, records, clock }: MeasureParts, service: ServiceName, isServed: boolean): void => {
  const newest = records.newestRollout(service);
  if (newest === undefined || newest.rollout.from === undefined) return;
  const { unservedSince, gapMs = 0 } = newest.measured ?? {};
  const now = clock.now();
  if (isServed && unservedSince !== undefined) {
    const slept = sleptBetween(clock.sleeps, unservedSince, now);
    store.record([put.rollout({ ...newest, measured: { gapMs: gapMs + now - unservedSince - slept } })]);
  }
  if (!isServed && unservedSince === undefined) {
    store.record([put.rollout({ ...newest, measured: { gapMs, unservedSince: now } })]);
  }
};

const mostRuns = 5;

/** What the last deploys of the same kind took; undefined before the first. */
export const expectationOf = (
  records: Records,
  service: ServiceName,
  { strategy }: RolloutPolicy,
): Expectation | undefined => {
  const runs = records
    .rolloutsOf(service)
    .filter(({ rollout: { from, to, phase } }) => {
      const isSameKind = records.revision(service, to)?.spec.policy.strategy === strategy;
      return phase === 'completed' && from !== undefined && isSameKind;
    })
    .slice(-mostRuns);
  if (runs.length === 0) return undefined;
  return {
    runs: runs.length,
    gapMs: median(runs.map(({ measured }) => measured?.gapMs ?? 0)),
    replacingMs: median(runs.map(({ rollout }) => spanOf(rollout, 'replacing'))),
    totalMs: median(runs.map(({ rollout }) => spanOf(rollout, 'waiting'))),
  };
};

/** From entering a phase to the end; for `replacing` to the phase that follows. */
const spanOf = ({ history }: Rollout, phase: 'replacing' | 'waiting'): number => {
  const index = history.findIndex((entry) => entry.phase === phase);
  const start = history[index]?.at;
  const end = (phase === 'replacing' ? history[index + 1] : history.at(-1))?.at;
  return start === undefined || end === undefined ? 0 : end - start;
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
