import type { RestartPolicy, RolloutPolicy } from '../model/index.ts';
import type { Findings } from './findings.ts';
import type { DeployValues, PolicyInput } from './policy-input.ts';

/** How a replica leaves: overlap, drain at the proxy, signals. */
export const endingOf = (
  { deploy }: PolicyInput,
  serving: boolean,
  findings: Findings,
): Pick<RolloutPolicy, 'overlapSeconds' | 'drain' | 'stop'> => {
  const graceSeconds = findings.choose('deploy.drainingSeconds', deploy.drainingSeconds, 'stop.graceSeconds');
  return {
    overlapSeconds: findings.choose('deploy.overlapSeconds', deploy.overlapSeconds, 'replace.overlapSeconds'),
    drain: drainOf(deploy.drainingSeconds?.value, serving, findings),
    stop: { signals: [{ signal: findings.rule('stop.signal'), waitSeconds: graceSeconds }] },
  };
};

/** Nobody is routed to a worker: there is nothing to wait for at the proxy. */
const drainOf = (drainingSeconds: number | undefined, serving: boolean, findings: Findings): RolloutPolicy['drain'] => {
  const kinds = {
    http: findings.rule('drain.http'),
    sse: findings.rule('drain.sse'),
    websocket: findings.rule('drain.websocket'),
  };
  const waits = serving && Object.values(kinds).some((kind) => kind !== 'none');
  return { ...kinds, timeoutSeconds: waits ? (drainingSeconds ?? findings.rule('drain.seconds')) : 0 };
};

const whenOf: { readonly [Type in DeployValues['restartPolicyType']]: RestartPolicy['when'] } = {
  ON_FAILURE: 'on-failure',
  ALWAYS: 'always',
  NEVER: 'never',
};

/** What happens when a replica ends although nobody asked it to. */
export const restartOf = ({ deploy }: PolicyInput, findings: Findings): RestartPolicy => {
  return {
    when: whenOf[findings.choose('deploy.restartPolicyType', deploy.restartPolicyType, 'restart.policyType')],
    maxRetries: findings.choose('deploy.restartPolicyMaxRetries', deploy.restartPolicyMaxRetries, 'restart.maxRetries'),
    backoff: findings.rule('restart.backoff'),
  };
};
