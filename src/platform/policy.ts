import type { RolloutPolicy } from '../model/index.ts';
import { replicasIn } from './amount.ts';
import { commandFormOf } from './command-form.ts';
import { endingOf, restartOf } from './ending.ts';
import { Findings } from './findings.ts';
import { gateOf } from './gate.ts';
import type { CompiledPolicy, PolicyInput } from './policy-input.ts';
import { profileOf } from './registry.ts';
import { replacementOf } from './replacement.ts';
import { hasOwnWays, tryOutOf } from './tryout.ts';

/** A long first build on a laptop. */
const BUILD_SECONDS = 900;

/** The user's `deploy.*` values under one platform's rules, as the normal form the planner works with. */
export const compilePolicy = (written: PolicyInput): CompiledPolicy => {
  const findings = new Findings(profileOf(written.platform));
  const input = withHostPorts(written, findings);
  checkChecks(input, findings);
  const serving = isServing(input);
  const replacement = replacementOf(input, serving, findings);
  const ending = endingOf(input, serving, findings);
  const policy = withDeadline(input, findings, {
    ...replacement,
    gate: gateOf(input, findings),
    ...ending,
    ...tryOutOf(input, { ...replacement, ...ending, serving }, findings),
    restart: restartOf(input, findings),
    edge: {
      noUpstream: findings.rule('edge.noUpstream'),
      unknownHost: findings.rule('edge.unknownHost'),
      balance: findings.rule('edge.balance'),
      dial: findings.rule('edge.dial'),
      repeat: findings.rule('edge.repeat'),
      hold: hasOwnWays(findings)
        ? findings.choose('deploy.hold', input.deploy.hold, 'edge.hold')
        : findings.rule('edge.hold'),
      limits: hasOwnWays(findings)
        ? findings.choose('deploy.requestLimits', input.deploy.requestLimits, 'edge.requests')
        : findings.rule('edge.requests'),
    },
    preDeploy: { timeoutSeconds: findings.rule('preDeploy.timeoutSeconds') },
    commandForm: commandFormOf(input, findings),
  });
  noteOverlap(policy, findings);
  findings.close();
  const { origins, notes, problems } = findings;
  return { policy, hostPorts: input.facts.hostPorts, origins, notes, problems };
};

/** Without those that the platform does not give. */
const withHostPorts = (input: PolicyInput, findings: Findings): PolicyInput => {
  if (input.facts.hostPorts.length === 0 || findings.rule('replace.withHostPort') !== 'none') return input;
  findings.notes.push(
    `hostPorts has no effect on ${findings.platform}, which gives no service a port of the machine: tcp is what its proxy can do.`,
  );
  return { ...input, facts: { ...input.facts, hostPorts: [] } };
};

const isServing = ({ deploy, facts }: PolicyInput): boolean =>
  facts.domains.length > 0 || facts.hasPort || deploy.healthcheckPath !== undefined;

const checkChecks = ({ deploy }: PolicyInput, findings: Findings): void => {
  if (deploy.healthcheckPath === undefined || deploy.healthcheckCommand === undefined) return;
  findings.problems.push({
    path: 'deploy.healthcheckCommand',
    message: 'A service is checked either by deploy.healthcheckPath or by deploy.healthcheckCommand, not by both.',
    fix: 'Remove one of them; null clears what the config file says.',
  });
};

/** Long enough for every step at its own limit, so that it only ever ends what no other limit ends. */
const withDeadline = (
  { deploy, facts }: PolicyInput,
  findings: Findings,
  policy: Omit<RolloutPolicy, 'progressDeadlineSeconds'>,
): RolloutPolicy => {
  const perBatch =
    replicasIn(policy.batch.surge, facts.replicas) + replicasIn(policy.batch.unavailable, facts.replicas);
  const batches = Math.ceil(facts.replicas / Math.max(1, perBatch));
  const stopSeconds = policy.stop.signals.reduce((sum, { waitSeconds }) => sum + waitSeconds, 0);
  const eachBatch = policy.gate.deadlineSeconds + policy.overlapSeconds + policy.drain.timeoutSeconds + stopSeconds;
  const checkSeconds = (policy.smoke ?? []).reduce((most, { withinSeconds }) => Math.max(most, withinSeconds), 0);
  const hookSeconds = (policy.handover?.command?.timeoutSeconds ?? 0) + (policy.handover?.check?.timeoutSeconds ?? 0);
  const sum = Math.ceil(
    BUILD_SECONDS + policy.preDeploy.timeoutSeconds + checkSeconds + batches * (eachBatch + hookSeconds),
  );
  const choice = deploy.progressDeadlineSeconds;
  findings.origins['deploy.progressDeadlineSeconds'] = {
    ...(choice ?? { value: sum, source: { kind: 'default' } }),
    overrode: choice === undefined ? [] : [...choice.overrode, { value: sum, source: { kind: 'default' } }],
  };
  return { ...policy, progressDeadlineSeconds: choice?.value ?? sum };
};

const noteOverlap = (policy: RolloutPolicy, findings: Findings): void => {
  if (policy.order === 'start-first' || policy.overlapSeconds === 0) return;
  findings.notes.push('deploy.overlapSeconds has no effect: the old replica is gone before the new one starts.');
};
