import type { Budgets, RehearsalReport, VariantRun } from '../../model/index.ts';

export const countText = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');

export const durationText = (milliseconds: number): string => {
  if (milliseconds === 0) return '0 s';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 100) / 10;
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
};

export const plural = (count: number, one: string): string => `${countText(count)} ${one}${count === 1 ? '' : 's'}`;

const budgetLabels: Readonly<Record<keyof Budgets, string>> = {
  failedRequests: 'failed requests',
  longestOutageMs: 'longest outage',
  droppedStreams: 'dropped streams',
  abandonedJobs: 'abandoned jobs',
  deploySeconds: 'deploy time',
};

export const budgetLabel = (name: keyof Budgets): string => budgetLabels[name];

export const budgetValue = (name: keyof Budgets, value: number): string => {
  if (name === 'longestOutageMs') return durationText(value);
  return name === 'deploySeconds' ? durationText(value * 1000) : countText(value);
};

export const title = ({ rehearsal, project, engine, runs }: RehearsalReport): string => {
  const load = runs.length === 1 ? '1 variant' : `${runs.length} variants, same load`;
  return `Rehearsal ${rehearsal} of ${project} (${engine} engine), ${load}`;
};

/** Why a run got its verdict, in one sentence. */
export const verdictReason = (run: VariantRun): string => {
  if (run.deploy.result === 'failed') return `the deploy failed: ${run.deploy.message ?? 'no reason given'}`;
  const over = run.budgets.filter(({ ok }) => !ok);
  if (over.length > 0) {
    return over
      .map(
        ({ name, actual, limit }) =>
          `${budgetLabel(name)} ${budgetValue(name, actual)} (budget ${budgetValue(name, limit)})`,
      )
      .join(', ');
  }
  return run.budgets.length === 0 ? 'deployed; no budgets set' : 'deployed within every budget';
};

/** A run's own phases in words; `SERVICE PHASE` as it is. */
export const phaseText = (phase: string): string => {
  if (phase === 'before' || phase === 'after') return `${phase} the deploy`;
  return phase === 'deploy' ? 'during the deploy' : phase;
};
