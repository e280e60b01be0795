import { PointsmanError } from '../model/index.ts';
import type { RehearsalReport, RehearsalScenario, VariantRun } from '../model/index.ts';
import type { RehearsalLimits, RehearsalOptions, VariantDeploy } from './target.ts';
import { runVariant } from './variant.ts';
import { reportVerdict } from './verdict.ts';

const defaultLimits: RehearsalLimits = { steadyMs: 60_000, deployMs: 30 * 60_000 };

/** The same deploy under the same load, once per variant, one after the other. The last variant is the candidate. */
export const runRehearsal = async (options: RehearsalOptions): Promise<RehearsalReport> => {
  const { scenario, target, signal } = options;
  const variants = options.variants ?? scenario.compare;
  if (variants.length === 0) throw noVariants(scenario.name);
  const onProgress = options.onProgress ?? (() => {});
  const limits = { ...defaultLimits, ...options.limits };
  const startedAt = Date.now();
  const runs: VariantRun[] = [];
  for (const [index, variant] of variants.entries()) {
    signal.throwIfAborted();
    const run = await runVariant({
      scenario,
      target,
      variant,
      deploy: variantDeploy(scenario, variant, index),
      limits,
      onStage: (stage) => onProgress({ kind: 'stage', variant, stage, number: index + 1, of: variants.length }),
      onProgress,
      signal,
    });
    runs.push(run);
    onProgress({ kind: 'finished', variant, run });
  }
  return {
    version: 1,
    rehearsal: scenario.name,
    project: target.project,
    engine: target.engine,
    startedAt,
    verdict: reportVerdict(runs),
    runs,
  };
};

/** Each variant deploys a release of its own, so that every deploy is a real change. */
const variantDeploy = ({ name, deploy }: RehearsalScenario, variant: string, index: number): VariantDeploy => {
  const release = deploy.variables['RELEASE'];
  return {
    services: deploy.services,
    variables: { ...deploy.variables, ...(release !== undefined && { RELEASE: releaseOf(release, variant, index) }) },
    platform: variant,
    cause: `rehearsal ${name}, variant ${variant}`,
  };
};

const releaseOf = (first: string, variant: string, index: number): string => {
  if (index === 0) return first;
  return /^\d{1,9}$/.test(first) ? String(Number(first) + index) : `${first}-${variant}`;
};

const noVariants = (name: string): PointsmanError =>
  new PointsmanError('USAGE', {
    message: `Rehearsal ${name} has no variant to run.`,
    fix: 'Name platform profiles under `spec.compare`, or one by `--variant`.',
  });
