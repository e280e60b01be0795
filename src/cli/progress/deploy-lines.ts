import { isFinished } from '../../model/index.ts';
import type { Instant, Rollout, RolloutPhase } from '../../model/index.ts';
import type { DeployReport, ServiceStatus } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { duration } from '../show/time.ts';
import { oneLine, pad, widthOf } from '../terminal/clip.ts';

/** How many replicas of each service are ready, as last heard. */
export type ReadyCounts = ReadonlyMap<string, Pick<ServiceStatus, 'ready' | 'wanted'>>;

export interface DeploySight {
  readonly report: DeployReport;
  readonly counts: ReadyCounts;
  readonly now: Instant;
}

/** One line per service: phase, replicas ready, elapsed, the newest thing it said. */
export const deployLines = (sight: DeploySight, colours: Colours): readonly string[] => {
  const { rollouts } = sight.report;
  const nameWidth = Math.max(0, ...rollouts.map((rollout) => widthOf(rollout.service)));
  return rollouts.map((rollout) => {
    const paint = painter(rollout.phase, colours);
    return [
      paint(mark(rollout.phase)),
      pad(rollout.service, nameWidth),
      paint(pad(rollout.phase, 10)),
      ...(sight.counts.size === 0 ? [] : [pad(readyText(sight.counts.get(rollout.service)), 10)]),
      colours.dim(pad(elapsed(rollout, sight.now), 6)),
      lastWords(rollout, sight.report, colours),
    ].join('  ');
  });
};

export const elapsed = (rollout: Rollout, now: Instant): string => {
  const last = rollout.history.at(-1)?.at ?? now;
  return duration((isFinished(rollout.phase) ? last : now) - rollout.startedAt);
};

/** What a service says about itself right now. A build step or a probe's answer is news only while there is one. */
export const detailOf = (rollout: Rollout, report: DeployReport): string => {
  switch (rollout.phase) {
    case 'completed':
      return `revision ${rollout.to}`;
    case 'failed':
      return oneLine(rollout.failure?.message ?? '');
    case 'building':
    case 'checking':
    case 'pre-deploy':
    case 'staging':
    case 'previewing':
    case 'canary':
    case 'replacing':
    case 'verifying':
    case 'baking':
      return oneLine(report.progress[rollout.service] ?? '');
    case 'waiting':
    case 'retiring':
    case 'superseded':
      return '';
  }
};

const lastWords = (rollout: Rollout, report: DeployReport, colours: Colours): string => {
  const detail = detailOf(rollout, report);
  switch (rollout.phase) {
    case 'completed':
      return colours.dim(detail);
    case 'failed':
      return colours.red(detail);
    default:
      return detail;
  }
};

const readyText = (count: Pick<ServiceStatus, 'ready' | 'wanted'> | undefined): string =>
  count === undefined ? '' : `${count.ready}/${count.wanted} ready`;

const mark = (phase: RolloutPhase): string => {
  switch (phase) {
    case 'completed':
      return '✓';
    case 'failed':
      return '✗';
    case 'superseded':
    case 'waiting':
      return '·';
    case 'building':
    case 'checking':
    case 'pre-deploy':
    case 'staging':
    case 'previewing':
    case 'canary':
    case 'replacing':
    case 'verifying':
    case 'baking':
    case 'retiring':
      return '▸';
  }
};

const painter = (phase: RolloutPhase, colours: Colours): ((text: string) => string) => {
  switch (phase) {
    case 'completed':
      return colours.green;
    case 'failed':
      return colours.red;
    case 'waiting':
    case 'superseded':
      return colours.dim;
    case 'building':
    case 'checking':
    case 'pre-deploy':
    case 'staging':
      return colours.yellow;
    case 'previewing':
    case 'canary':
    case 'replacing':
    case 'verifying':
    case 'baking':
    case 'retiring':
      return colours.cyan;
  }
};
