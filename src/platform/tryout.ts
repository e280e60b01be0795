import type { AnalysisPolicy, CanaryPolicy, HandoverPolicy, Hook, RolloutPolicy } from '../model/index.ts';
import { usesShell } from './command-form.ts';
import type { Findings } from './findings.ts';
import type { AnalysisChoice, CanaryChoice, DeployValues, PolicyInput } from './policy-input.ts';

/** What Pointsman can do beyond what platforms do. Off unless somebody asks for it. */
type TryOut = Pick<
  RolloutPolicy,
  'smoke' | 'promotion' | 'canary' | 'analysis' | 'bakeSeconds' | 'affinity' | 'handover'
>;

const beside = ['canary', 'promotion', 'smoke', 'bakeSeconds', 'analysis'] as const;
const ownKeys = [...beside, 'affinity', 'hold', 'requestLimits', 'drainCommand', 'drainCheck'] as const;
type OwnKey = (typeof ownKeys)[number];

/** Whether what was asked for counts: a platform that replaces in its own way has none of this. */
export const hasOwnWays = (findings: Findings): boolean => findings.rule('replace.chosenBy') === 'user';

/** How the new version is tried out and taken back, where the strategy lets old and new stand side by side. */
export const tryOutOf = (
  input: PolicyInput,
  how: Pick<RolloutPolicy, 'strategy' | 'order' | 'switch' | 'stop'> & { readonly serving: boolean },
  findings: Findings,
): TryOut => {
  const { deploy } = input;
  if (!hasOwnWays(findings)) {
    noteIgnored(input, ownKeys, `on ${findings.platform}: ${isOne(input, ownKeys)} Pointsman's own`, findings);
    return {};
  }
  for (const key of ownKeys) if (deploy[key] !== undefined) findings.origins[`deploy.${key}`] = deploy[key];
  const standsBeside = how.order === 'start-first' && how.switch === 'atomic';
  const affinity = deploy.affinity?.value;
  return {
    ...(affinity !== undefined && { affinity: { to: affinity, cookie: 'pointsman-affinity' } }),
    ...handoverOf(deploy, how.stop),
    ...(standsBeside ? besideOf(input, how, findings) : withoutBeside(input, how.strategy, findings)),
  };
};

const withoutBeside = (input: PolicyInput, strategy: string, findings: Findings): TryOut => {
  noteIgnored(input, beside, `with ${strategy}: the new version does not stand whole beside the old one`, findings);
  return {};
};

const besideOf = (
  input: PolicyInput,
  { strategy, serving }: { readonly strategy: string; readonly serving: boolean },
  findings: Findings,
): TryOut => {
  const { canary, promotion, smoke, bakeSeconds, analysis } = input.deploy;
  const checks = smoke === undefined || smoke.value.length === 0 ? {} : { smoke: smoke.value };
  if (!serving) {
    const others = beside.filter((key) => key !== 'smoke');
    noteIgnored(input, others, 'on a service that nobody sends requests to', findings);
    return checks;
  }
  if (strategy !== 'canary')
    noteIgnored(input, ['canary'], `with ${strategy}: set deploy.strategy to canary`, findings);
  const judged = strategy === 'canary' || (bakeSeconds?.value ?? 0) > 0;
  if (!judged) noteIgnored(input, ['analysis'], 'without a canary or bakeSeconds', findings);
  return {
    ...checks,
    ...(promotion?.value === 'manual' && { promotion: 'manual' }),
    ...(strategy === 'canary' && { canary: canaryOf(canary?.value ?? defaultCanary, findings) }),
    ...(judged && analysis !== undefined && { analysis: analysisOf(analysis.value) }),
    ...((bakeSeconds?.value ?? 0) > 0 && { bakeSeconds: bakeSeconds?.value ?? 0 }),
  };
};

const defaultCanary: CanaryChoice = {
  steps: [
    { percent: 10, pause: 60 },
    { percent: 50, pause: 60 },
  ],
};

const canaryOf = ({ steps, matches = [] }: CanaryChoice, findings: Findings): CanaryPolicy => {
  if (steps.some(({ percent }, index) => percent <= (steps[index - 1]?.percent ?? -1))) {
    findings.problems.push({
      path: 'deploy.canary',
      message: `The shares of a canary must rise, and ${steps.map(({ percent }) => percent).join(', ')} do not.`,
      fix: 'Order the steps by percent.',
    });
  }
  return {
    steps,
    matches: matches.map(({ header, cookie, value }) => ({
      by: header === undefined ? 'cookie' : 'header',
      name: header ?? cookie ?? '',
      ...(value !== undefined && { value }),
    })),
  };
};

/** The ledger is kept for a quarter of an hour. */
const longestWindowSeconds = 600;

const analysisOf = (choice: AnalysisChoice): AnalysisPolicy => ({
  minRequests: choice.minRequests ?? 50,
  windowSeconds: Math.min(choice.windowSeconds ?? 60, longestWindowSeconds),
  maxErrorIncrease: choice.maxErrorIncrease ?? 1,
  maxLatencyRatio: {
    ...(choice.maxP95Ratio !== undefined && { p95: choice.maxP95Ratio }),
    ...(choice.maxP99Ratio !== undefined && { p99: choice.maxP99Ratio }),
  },
  onNoSample: choice.onNoSample ?? 'hold',
});

const leastHookSeconds = 10;
const checkSeconds = 60;

const handoverOf = (
  { drainCommand, drainCheck }: PolicyInput['deploy'],
  { signals }: RolloutPolicy['stop'],
): { readonly handover?: HandoverPolicy } => {
  if (drainCommand === undefined && drainCheck === undefined) return {};
  const graceSeconds = signals.reduce((sum, { waitSeconds }) => sum + waitSeconds, 0);
  return {
    handover: {
      ...(drainCommand !== undefined && {
        command: hookOf(drainCommand.value, Math.max(leastHookSeconds, graceSeconds)),
      }),
      ...(drainCheck !== undefined && { check: hookOf(drainCheck.value, checkSeconds) }),
    },
  };
};

const hookOf = (command: string, timeoutSeconds: number): Hook => ({
  command,
  form: usesShell(command) ? 'shell' : 'exec',
  timeoutSeconds,
});

const noteIgnored = (
  { deploy }: PolicyInput,
  keys: readonly (OwnKey & keyof DeployValues)[],
  why: string,
  findings: Findings,
): void => {
  const said = keys.filter((key) => deploy[key] !== undefined && deploy[key].value !== 'automatic');
  if (said.length === 0) return;
  const [has, names] = [said.length === 1 ? 'has' : 'have', said.map((key) => `deploy.${key}`).join(', ')];
  findings.notes.push(`${names} ${has} no effect ${why}.`);
};

const isOne = ({ deploy }: PolicyInput, keys: readonly OwnKey[]): string =>
  keys.filter((key) => deploy[key] !== undefined).length === 1 ? 'it is' : 'they are';
