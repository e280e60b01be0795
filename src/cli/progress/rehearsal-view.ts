import type { VariantRun } from '../../model/index.ts';
import type { RehearsalProgress, RunStage } from '../../rehearsal/index.ts';
import type { CliEnvironment } from '../environment.ts';
import type { Colours, Output } from '../output.ts';
import { table } from '../show/table.ts';
import { duration } from '../show/time.ts';
import { LiveRegion } from '../terminal/live-region.ts';
import { deployLines } from './deploy-lines.ts';
import { openPlainDeployLog } from './deploy-view.ts';

/** Shows a rehearsal while it goes on. */
export interface RehearsalView {
  readonly show: (progress: RehearsalProgress) => void;
  close(): void;
}

type Progress<Kind extends RehearsalProgress['kind']> = Extract<RehearsalProgress, { kind: Kind }>;

/** The newest word of each kind about the variant that runs. */
interface Sight {
  stage?: Progress<'stage'>;
  load?: Progress<'load'>;
  deploy?: Progress<'deploy'>;
}

export const openRehearsalView = (environment: CliEnvironment, output: Output): RehearsalView =>
  output.redraws ? liveView(environment, output.noteColours) : plainView(environment, output);

const liveView = ({ stderr: stream, clock }: CliEnvironment, colours: Colours): RehearsalView => {
  let sight: Sight = {};
  const region = new LiveRegion({ stream, clock, render: () => sightLines(sight, colours, clock.now()) });
  const show = (progress: RehearsalProgress): void => {
    if (progress.kind === 'finished') {
      sight = {};
      region.print(finishedLine(progress.run, colours));
      return;
    }
    if (progress.kind === 'stage' && progress.variant !== sight.stage?.variant) sight = {};
    sight = { ...sight, [progress.kind]: progress };
    region.changed();
  };
  return { show, close: () => region.close(false) };
};

/** A line per stage, per change of a service and per finished run; the load itself is in the report. */
const plainView = ({ clock }: CliEnvironment, output: Output): RehearsalView => {
  let deploys = openPlainDeployLog(clock, output);
  const show = (progress: RehearsalProgress): void => {
    switch (progress.kind) {
      case 'stage':
        if (progress.stage === 'steadying') deploys = openPlainDeployLog(clock, output);
        return output.note(stageText(progress));
      case 'deploy':
        return deploys(progress.report);
      case 'finished':
        return output.note(finishedLine(progress.run, output.noteColours));
      case 'load':
        return;
    }
  };
  return { show, close: () => {} };
};

const sightLines = (sight: Sight, colours: Colours, now: number): readonly string[] => {
  if (sight.stage === undefined) return [];
  const loads = Object.entries(sight.load?.workloads ?? {}).map(([name, { sent, ok, failed }]) => [
    `  ${name}`,
    `${sent} sent`,
    `${ok} ok`,
    failed === 0 ? colours.dim('0 failed') : colours.red(`${failed} failed`),
  ]);
  return [
    colours.bold(stageText(sight.stage)) +
      colours.dim(sight.load === undefined ? '' : `  ${duration(sight.load.atMs)}`),
    ...table([], loads),
    ...(sight.deploy === undefined
      ? []
      : deployLines({ report: sight.deploy.report, counts: new Map(), now }, colours).map((line) => `  ${line}`)),
  ];
};

const stageText = ({ variant, number, of, stage }: Progress<'stage'>): string =>
  `${variant} (${number} of ${of}): ${stageWords[stage]}`;

const stageWords: Readonly<Record<RunStage, string>> = {
  steadying: 'waiting until every workload succeeds',
  before: 'load before the deploy',
  deploy: 'deploying under load',
  after: 'load after the deploy',
  finishing: 'waiting for what is in flight',
};

const finishedLine = (run: VariantRun, colours: Colours): string => {
  const results = Object.values(run.workloads);
  const sum = (count: (result: (typeof results)[number]) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const words = [
    `${sum((result) => result.failed)} of ${sum((result) => result.sent)} failed`,
    `deploy ${run.deploy.result} in ${duration(run.deploy.durationMs)}`,
  ].join(', ');
  return run.verdict === 'pass'
    ? `${colours.green('✓')} ${run.variant}: ${words}`
    : `${colours.red('✗')} ${run.variant}: ${words}`;
};
