import type { VariantRun } from '../../model/index.ts';
import { phaseText, plural } from './words.ts';

/** What one phase of one deploy cost. */
export interface PhaseLoss {
  readonly phase: string;
  /** `412 requests, 20 streams, 3 jobs`. */
  readonly lost: string;
}

/** Which phase lost what, in the order in which the phases began: where a request or job began, where a stream broke. */
export const phaseLosses = (run: VariantRun): readonly PhaseLoss[] => {
  const workloads = Object.values(run.workloads);
  const requests = total(workloads.map(({ kind, failuresByPhase }) => (kind === 'sse' ? {} : failuresByPhase)));
  const streams = total(workloads.map((workload) => workload.streams?.droppedByPhase ?? {}));
  const jobs = total(workloads.map((workload) => workload.jobs?.abandonedByPhase ?? {}));
  return phasesInOrder(run, [requests, streams, jobs]).map((phase) => ({
    phase: phaseText(phase),
    lost: [part(requests[phase], 'request'), part(streams[phase], 'stream'), part(jobs[phase], 'job')]
      .filter((text) => text !== '')
      .join(', '),
  }));
};

/** `lost 412 requests (api replacing); …`, or that nothing was lost. */
export const lossText = (run: VariantRun): string => {
  const losses = phaseLosses(run);
  if (losses.length === 0) return 'nothing lost';
  return `lost ${losses.map(({ phase, lost }) => `${lost} (${phase})`).join('; ')}`;
};

type Counts = Readonly<Record<string, number>>;

const total = (parts: readonly Counts[]): Counts => {
  const sums: Record<string, number> = {};
  for (const counts of parts) {
    for (const [phase, count] of Object.entries(counts)) sums[phase] = (sums[phase] ?? 0) + count;
  }
  return sums;
};

const phasesInOrder = (run: VariantRun, counts: readonly Counts[]): readonly string[] => {
  const names = run.phases
    .toSorted((one, other) => one.start - other.start)
    .map(({ name, service }) => (service === undefined ? name : `${service} ${name}`));
  const hit = new Set(counts.flatMap((count) => Object.keys(count)));
  return [...new Set([...names, ...hit])].filter((phase) => hit.has(phase));
};

const part = (count: number | undefined, one: string): string => (count === undefined ? '' : plural(count, one));
