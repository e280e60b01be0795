import type { Batch, Replacement, StrategyName } from '../model/index.ts';
import { hostPortWords, stopStart } from '../model/index.ts';
import { amountOf, replicasIn } from './amount.ts';
import type { Findings } from './findings.ts';
import type { PolicyInput } from './policy-input.ts';

const none = { kind: 'count', count: 0 } as const;
const one = { kind: 'count', count: 1 } as const;
const all = (round: 'up' | 'down') => ({ kind: 'percent', percent: 100, round }) as const;

/** What each strategy means in the normal form. */
const strategies: { readonly [Strategy in StrategyName]: Omit<Replacement, 'strategy'> } = {
  'stop-start': stopStart,
  rolling: { order: 'start-first', batch: { surge: one, unavailable: none }, switch: 'per-instance' },
  'blue-green': { order: 'start-first', batch: { surge: all('up'), unavailable: none }, switch: 'atomic' },
  canary: { order: 'start-first', batch: { surge: all('up'), unavailable: none }, switch: 'atomic' },
  concurrent: { order: 'concurrent', batch: { surge: all('up'), unavailable: all('down') }, switch: 'per-instance' },
  singleton: { order: 'stop-first', batch: { surge: none, unavailable: one }, switch: 'per-instance' },
};

/** Which replicas go when: strategy, order, batch and switch. */
export const replacementOf = (input: PolicyInput, serving: boolean, findings: Findings): Replacement => {
  const strategy = handedOver(input, { strategy: strategyOf(input, serving, findings), serving }, findings);
  checkReplicas(input, strategy, findings);
  noteConcurrent(strategy, serving, findings);
  const shape = strategies[strategy];
  const batch = batchOf(input, strategy, findings);
  const rule = findings.rule('replace.switch');
  return {
    strategy,
    order: strategy === 'rolling' && replicasIn(batch.surge, input.facts.replicas) === 0 ? 'stop-first' : shape.order,
    batch,
    switch: rule === 'by-strategy' ? shape.switch : rule,
  };
};

const strategyOf = ({ deploy }: PolicyInput, serving: boolean, findings: Findings): StrategyName => {
  const rule = serving ? 'replace.serving' : 'replace.worker';
  if (findings.rule('replace.chosenBy') === 'user') return findings.choose('deploy.strategy', deploy.strategy, rule);
  const strategy = findings.rule(rule);
  findings.overrule('deploy.strategy', strategy, deploy.strategy, rule);
  if (deploy.strategy !== undefined && deploy.strategy.value !== strategy) {
    findings.notes.push(
      `deploy.strategy: ${deploy.strategy.value} has no effect on ${findings.platform}, which always replaces by ${strategy}.`,
    );
  }
  return strategy;
};

/** What only one replica can have at a time is handed over: the old one ends before the new one starts. */
const handedOver = (
  { facts, deploy }: PolicyInput,
  { strategy, serving }: { readonly strategy: StrategyName; readonly serving: boolean },
  findings: Findings,
): StrategyName => {
  const hasVolume = facts.hasVolume && findings.rule('replace.withVolume') === 'stop-first';
  const ports = facts.hostPorts.map(hostPortWords);
  if ((!hasVolume && ports.length === 0) || strategies[strategy].order === 'stop-first') return strategy;
  const rule = hasVolume ? 'replace.withVolume' : 'replace.withHostPort';
  findings.overrule('deploy.strategy', 'stop-start', deploy.strategy, rule);
  const has = [
    ...(hasVolume ? ['has a volume'] : []),
    ...(ports.length === 0 ? [] : [`holds port ${ports.join(' and ')} of this machine itself`]),
  ];
  const means = [
    ...(ports.length === 0 ? [] : ['nobody answers there until then']),
    ...(hasVolume || serving ? [whatThatMeans(deploy, findings)] : []),
  ];
  findings.notes.push(
    `It ${has.join(' and ')}: the old replica is stopped before the new one starts, so ${means.join(', and ')}.`,
  );
  return 'stop-start';
};

const whatThatMeans = ({ hold }: PolicyInput['deploy'], findings: Findings): string => {
  const rule = findings.rule('edge.hold');
  const { seconds } = findings.rule('replace.chosenBy') === 'user' ? (hold?.value ?? rule) : rule;
  return seconds > 0 ? `requests wait meanwhile, at most ${seconds} s` : 'every deploy is a short outage';
};

const noteConcurrent = (strategy: StrategyName, serving: boolean, findings: Findings): void => {
  if (strategy !== 'concurrent' || !serving) return;
  findings.notes.push('With concurrent no replica serves until a new one is ready: it is meant for workers.');
};

const checkReplicas = ({ facts }: PolicyInput, strategy: StrategyName, findings: Findings): void => {
  if (strategy === 'singleton' && facts.replicas > 1) {
    findings.problems.push({
      path: 'deploy.numReplicas',
      message: `A singleton can't have ${facts.replicas} replicas.`,
      fix: 'Set deploy.numReplicas to 1 or choose another deploy.strategy.',
    });
  }
  const [hostPort] = facts.hostPorts;
  if (hostPort !== undefined && facts.replicas > 1) {
    findings.problems.push({
      path: 'deploy.numReplicas',
      message: `A service with hostPorts can't have ${facts.replicas} replicas: only one can hold port ${hostPortWords(hostPort)} of this machine.`,
      fix: 'Set deploy.numReplicas to 1, or remove hostPorts; what the proxy listens on (tcp) any number of replicas can share.',
    });
  }
  if (!facts.hasVolume) return;
  const limit = findings.rule('replace.volumeReplicas');
  if (facts.replicas <= limit) return;
  findings.problems.push({
    path: 'deploy.numReplicas',
    message: `A service with a volume can't have ${facts.replicas} replicas: they would write to the same files.`,
    fix: `Set deploy.numReplicas to ${limit} or remove the volume.`,
  });
};

/** surge and unavailable are knobs of rolling only: the other strategies are defined by theirs. */
const batchOf = ({ deploy, facts }: PolicyInput, strategy: StrategyName, findings: Findings): Batch => {
  const { batch } = strategies[strategy];
  const written = [deploy.surge, deploy.unavailable].filter((choice) => choice !== undefined);
  if (strategy !== 'rolling') {
    if (written.length > 0) findings.notes.push(`deploy.surge and deploy.unavailable have no effect with ${strategy}.`);
    return batch;
  }
  if (deploy.surge !== undefined) findings.origins['deploy.surge'] = deploy.surge;
  if (deploy.unavailable !== undefined) findings.origins['deploy.unavailable'] = deploy.unavailable;
  const unavailable = deploy.unavailable === undefined ? batch.unavailable : amountOf(deploy.unavailable.value, 'down');
  const surge = deploy.surge === undefined ? batch.surge : amountOf(deploy.surge.value, 'up');
  if (replicasIn(surge, facts.replicas) + replicasIn(unavailable, facts.replicas) === 0) {
    findings.problems.push({
      path: deploy.surge === undefined ? 'deploy.unavailable' : 'deploy.surge',
      message: 'With surge and unavailable both 0 no replica could ever be replaced.',
      fix: 'Let one of them be at least 1.',
    });
  }
  return { surge, unavailable };
};
