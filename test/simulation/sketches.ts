import type { CheckStage, RolloutPolicy } from '../../src/model/index.ts';
import { bluegreen, canary, concurrent, rolling, singleton, stopStart } from '../plan/policies.ts';
import type { Random } from './random.ts';
import type { Sketch } from './scenario.ts';
import { handover } from './sim-commands.ts';

export const anySketch = (random: Random, name: string, index: number): Sketch => {
  const volume = random.chance(0.1);
  const policy = volume ? exclusive(random) : anyPolicy(random);
  return permitted({
    name,
    version: 0,
    policy,
    replicas: random.pick([1, 1, 1, 2, 2, 3]),
    dependsOn: index > 0 && random.chance(0.5) ? ['web'] : [],
    volume,
    preDeploy: random.chance(0.15),
    domain: `${name}.localhost`,
    checks: checks(random),
    requests: isJudged(policy) ? random.beside.pick([0, 5, 10]) : 0,
  });
};

/** As manifests have it: a volume is handed over, and neither its service nor a singleton has two replicas. */
export const permitted = (sketch: Sketch): Sketch => {
  const { policy, replicas, volume } = sketch;
  const isAlone = volume || policy.strategy === 'singleton';
  return {
    ...sketch,
    policy: volume && policy.order !== 'stop-first' ? handedOver(policy) : policy,
    replicas: isAlone ? 1 : replicas,
  };
};

/** The old one ends before the new one starts. */
export const handedOver = (policy: RolloutPolicy): RolloutPolicy => {
  const { canary: _steps, analysis: _judged, promotion: _asked, bakeSeconds: _bakes, ...others } = policy;
  const { strategy, order, batch, switch: switching } = stopStart;
  return { ...others, strategy, order, batch, switch: switching };
};

export const anyReplicas = (random: Random): number => random.between(1, 3);

/** What somebody chooses instead. */
export const otherPolicy = (random: Random): RolloutPolicy =>
  varied(random, random.pick([bluegreen, rolling, stopStart, canary, singleton, concurrent]));

/** Nobody keeps account of other services' requests. */
const isJudged = ({ canary: steps, bakeSeconds }: RolloutPolicy): boolean =>
  steps !== undefined || bakeSeconds !== undefined;

const checks = (random: Random): readonly CheckStage[] => {
  if (random.beside.chance(0.65)) return [];
  return (['before', 'smoke', 'during', 'after'] as const).filter(() => random.beside.chance(0.5));
};

const anyPolicy = (random: Random): RolloutPolicy =>
  varied(random, random.pick([bluegreen, bluegreen, rolling, rolling, stopStart, singleton, canary, concurrent]));

const exclusive = (random: Random): RolloutPolicy => varied(random, random.pick([stopStart, singleton]));

const varied = (random: Random, base: RolloutPolicy): RolloutPolicy => ({
  ...base,
  ...(base.strategy === 'rolling' && random.chance(0.5) && { batch: anyBatch(random) }),
  gate: { ...base.gate, deadlineSeconds: 20, successes: random.pick([1, 1, 2]) },
  ...(base.canary !== undefined && { canary: { ...base.canary, steps: steps(random) } }),
  ...(base.analysis !== undefined && {
    analysis: { ...base.analysis, onNoSample: random.pick(['promote', 'abort', 'hold']) },
  }),
  ...(base.strategy === 'blue-green' && random.chance(0.2) && { promotion: 'manual' as const }),
  ...(base.order === 'start-first' && random.chance(0.2) && { bakeSeconds: 8 }),
  overlapSeconds: random.pick([0, 0, 3]),
  drain: { ...base.drain, timeoutSeconds: random.pick([2, 6]) },
  stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 3 }] },
  restart: {
    when: random.pick(['always', 'always', 'on-failure', 'never']),
    maxRetries: 2,
    backoff: { baseSeconds: 1, factor: 2, capSeconds: 10, resetAfterSeconds: 60 },
  },
  progressDeadlineSeconds: random.pick([60, 600]),
  ...(random.beside.chance(0.12) && { handover: handoverOf(random) }),
});

const handoverOf = (random: Random): NonNullable<RolloutPolicy['handover']> =>
  random.beside.pick<NonNullable<RolloutPolicy['handover']>>([
    handover,
    { command: handover.command },
    { check: handover.check },
  ]);

const steps = (random: Random): NonNullable<RolloutPolicy['canary']>['steps'] => [
  { percent: 10, pause: random.chance(0.5) ? 5 : 'promote' },
  { percent: 50, pause: 5 },
];

const anyBatch = (random: Random): RolloutPolicy['batch'] => ({
  surge: { kind: 'count', count: random.between(0, 2) },
  unavailable: random.chance(0.5)
    ? { kind: 'count', count: random.between(0, 1) }
    : { kind: 'percent', percent: 50, round: random.pick(['up', 'down']) },
});
