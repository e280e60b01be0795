import type { Gate, Probe, ProbeSchedule } from '../model/index.ts';
import type { Findings } from './findings.ts';
import type { PolicyInput } from './policy-input.ts';

/** A command in the container costs fifty times what a connection costs, so it is asked less often. */
const commandSchedule: ProbeSchedule = { firstDelaySeconds: 0, timeoutSeconds: 5, waitSeconds: [0.5] };

/** When a started replica counts as ready. */
export const gateOf = (input: PolicyInput, findings: Findings): Gate => {
  const probe = probeOf(input, findings);
  return {
    probe,
    schedule: probe.kind === 'exec' ? commandSchedule : scheduleOf(findings),
    successes: findings.rule('gate.successes'),
    deadlineSeconds: findings.choose(
      'deploy.healthcheckTimeout',
      input.deploy.healthcheckTimeout,
      'gate.deadlineSeconds',
    ),
  };
};

const scheduleOf = (findings: Findings): ProbeSchedule => ({
  firstDelaySeconds: findings.rule('gate.firstDelaySeconds'),
  timeoutSeconds: findings.rule('gate.tryTimeoutSeconds'),
  waitSeconds: findings.rule('gate.waitSeconds'),
});

const probeOf = ({ deploy, facts }: PolicyInput, findings: Findings): Probe => {
  const port = deploy.healthcheckPort === undefined ? {} : { port: deploy.healthcheckPort.value };
  if (deploy.healthcheckPort !== undefined) findings.origins['deploy.healthcheckPort'] = deploy.healthcheckPort;
  if (deploy.healthcheckPath !== undefined) {
    findings.origins['deploy.healthcheckPath'] = deploy.healthcheckPath;
    const host = findings.rule('gate.host') ?? facts.domains.find((domain) => !domain.startsWith('*'));
    const ok = findings.rule('gate.ok');
    return { kind: 'http', path: deploy.healthcheckPath.value, ...(host !== undefined && { host }), ok, ...port };
  }
  if (deploy.healthcheckCommand !== undefined) return commandProbe(deploy.healthcheckCommand, findings);
  const listens = facts.domains.length > 0 || facts.hasPort || deploy.healthcheckPort !== undefined;
  if (findings.rule('gate.withoutPath') === 'port' && listens) return { kind: 'tcp', ...port };
  if (facts.domains.length > 0) {
    findings.notes.push(
      `It has no deploy.healthcheckPath: ${findings.platform} sends users to a new replica as soon as it has started, ready or not.`,
    );
  }
  return { kind: 'uptime', seconds: findings.rule('gate.uptimeSeconds') };
};

const commandProbe = (choice: NonNullable<PolicyInput['deploy']['healthcheckCommand']>, findings: Findings): Probe => {
  findings.origins['deploy.healthcheckCommand'] = choice;
  if (findings.rule('gate.withoutPath') === 'uptime') {
    findings.notes.push(
      `deploy.healthcheckCommand is Pointsman's own: ${findings.platform} would count this service as ready once it has started.`,
    );
  }
  return { kind: 'exec', command: choice.value };
};
