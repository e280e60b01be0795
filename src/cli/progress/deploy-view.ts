import type { Clock } from '../../lib/index.ts';
import type { DeployReport } from '../../protocol/index.ts';
import type { CliEnvironment } from '../environment.ts';
import type { Output } from '../output.ts';
import { LiveRegion } from '../terminal/live-region.ts';
import { deployLines, detailOf, elapsed } from './deploy-lines.ts';
import type { DeploySight } from './deploy-lines.ts';

/** Shows a deploy while it goes on. */
export interface DeployView {
  show(sight: Omit<DeploySight, 'now'>): void;
  close(): void;
}

export const openDeployView = (environment: CliEnvironment, output: Output): DeployView => {
  if (output.redraws) return liveView(environment, output);
  const log = openPlainDeployLog(environment.clock, output);
  return { show: ({ report }) => log(report), close: () => {} };
};

const liveView = ({ stderr: stream, clock }: CliEnvironment, output: Output): DeployView => {
  let shown: Omit<DeploySight, 'now'> | undefined;
  const render = (): readonly string[] =>
    shown === undefined ? [] : deployLines({ ...shown, now: clock.now() }, output.noteColours);
  const region = new LiveRegion({ stream, clock, render });
  return {
    show: (sight) => {
      shown = sight;
      region.changed();
    },
    close: () => region.close(true),
  };
};

/** One line per change: what a log of a CI run wants. The tenth try of a probe is no change. */
export const openPlainDeployLog = (clock: Clock, output: Output): ((report: DeployReport) => void) => {
  const said = new Set<string>();
  return (report) => {
    for (const rollout of report.rollouts) {
      const words = `${rollout.service}: ${rollout.phase}  ${detailOf(rollout, report)}`.trimEnd();
      const apartFromNumbers = words.replaceAll(/\d+/g, '#');
      if (said.has(apartFromNumbers)) continue;
      said.add(apartFromNumbers);
      output.note(`[${elapsed(rollout, clock.now())}] ${words}`);
    }
  };
};
