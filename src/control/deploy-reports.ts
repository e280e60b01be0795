import type { Rollout, ServiceName } from '../model/index.ts';
import { isFinished, PointsmanError } from '../model/index.ts';
import type { DeployReport, RevisionReport } from '../protocol/index.ts';
import type { LiveFacts } from './live-facts.ts';
import type { Records } from './records.ts';
import { changeOf, changesInWords } from './releases.ts';
import { shownRollout } from './shown-rollout.ts';

export const deployReport = (records: Records, live: LiveFacts, deployId: string): DeployReport => {
  if (records.deploy(deployId) === undefined) {
    throw new PointsmanError('DEPLOY_UNKNOWN', {
      message: `there is no deploy ${deployId}`,
      fix: 'Only the newest deploys are kept; `pointsman events` tells what happened.',
    });
  }
  const rollouts = records.rolloutsOfDeploy(deployId).map((record) => withoutIdleReturn(records, shownRollout(record)));
  const finished = rollouts.every(({ phase, isReturning }) => isFinished(phase) && isReturning !== true);
  const completed = rollouts.every(({ phase }) => phase === 'completed');
  const progress = rollouts.flatMap(({ service, phase }) => {
    const line = isFinished(phase) ? undefined : live.progress(service);
    return line === undefined ? [] : [[service, line]];
  });
  return {
    deployId,
    finished,
    result: finished ? (completed ? 'completed' : 'failed') : 'running',
    rollouts,
    ...(rollouts.length > 0 && { summary: changesInWords(rollouts.map(changeOf)) }),
    progress: Object.fromEntries(progress),
    drains: records.rolloutsOfDeploy(deployId).flatMap(({ drains = [] }) => drains),
  };
};

/** One report whenever it reads differently; the last one is finished. */
export async function* followDeploy(
  { records, live }: { readonly records: Records; readonly live: LiveFacts },
  deployId: string,
  signal: AbortSignal,
): AsyncGenerator<DeployReport> {
  const ended = new AbortController();
  const changes = live.changes.subscribe(AbortSignal.any([signal, ended.signal]));
  try {
    let report = deployReport(records, live, deployId);
    yield report;
    if (report.finished) return;
    for await (const service of changes) {
      const next = deployReport(records, live, deployId);
      if (!isAbout(next, service) || JSON.stringify(next) === JSON.stringify(report)) continue;
      report = next;
      yield report;
      if (report.finished) return;
    }
  } finally {
    ended.abort();
  }
}

export const revisionReports = (records: Records, service: ServiceName): readonly RevisionReport[] =>
  records
    .revisionsOf(service)
    .toReversed()
    .map(({ spec, ...revision }) => ({
      ...revision,
      variables: Object.keys(spec.variables).sort(),
    }));

/** Nobody goes back where a newer version is on its way, or nothing is wanted any more. */
const withoutIdleReturn = (records: Records, rollout: Rollout): Rollout => {
  const { isReturning, ...others } = rollout;
  const isNewest = records.newestRollout(rollout.service)?.rollout.id === rollout.id;
  const isIdle = !isNewest || records.service(rollout.service)?.wanted !== true;
  return isReturning === true && isIdle ? others : rollout;
};

const isAbout = (report: DeployReport, service: ServiceName): boolean =>
  report.rollouts.some((rollout) => rollout.service === service);
