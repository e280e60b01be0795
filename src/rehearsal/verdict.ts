import type { Budgets, VariantRun, WorkloadResult } from '../model/index.ts';

type BudgetResult = VariantRun['budgets'][number];
type Actuals = Pick<VariantRun, 'deploy' | 'workloads'>;

/** How a run's number for each budget is found; a new budget doesn't compile until it is here. */
const actuals: { readonly [Name in keyof Required<Budgets>]: (run: Actuals) => number } = {
  // Streams have a budget of their own.
  failedRequests: (run) => sum(run, (workload) => (workload.kind === 'sse' ? 0 : workload.failed)),
  longestOutageMs: ({ workloads }) =>
    Math.max(0, ...Object.values(workloads).map((workload) => workload.longestOutageMs)),
  droppedStreams: (run) => sum(run, (workload) => workload.streams?.dropped ?? 0),
  abandonedJobs: (run) => sum(run, (workload) => workload.jobs?.abandoned ?? 0),
  deploySeconds: ({ deploy }) => Math.round(deploy.durationMs / 100) / 10,
};

const budgetNames: readonly (keyof Budgets)[] = [
  'failedRequests',
  'longestOutageMs',
  'droppedStreams',
  'abandonedJobs',
  'deploySeconds',
];

/** A run passes when its deploy completed and nothing is over budget. */
export const judge = (budgets: Budgets, run: Actuals): Pick<VariantRun, 'budgets' | 'verdict'> => {
  const results = budgetNames.flatMap((name): readonly BudgetResult[] => {
    const limit = budgets[name];
    if (limit === undefined) return [];
    const actual = actuals[name](run);
    return [{ name, limit, actual, ok: actual <= limit }];
  });
  const good = run.deploy.result === 'completed' && results.every(({ ok }) => ok);
  return { budgets: results, verdict: good ? 'pass' : 'fail' };
};

/** The last variant is the candidate: the one the budgets are for. The others are there to compare it with. */
export const candidateOf = (runs: readonly VariantRun[]): VariantRun | undefined => runs.at(-1);

export const reportVerdict = (runs: readonly VariantRun[]): 'pass' | 'fail' => candidateOf(runs)?.verdict ?? 'fail';

const sum = ({ workloads }: Actuals, value: (workload: WorkloadResult) => number): number =>
  Object.values(workloads).reduce((total, workload) => total + value(workload), 0);
