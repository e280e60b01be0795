import type {
  ConnectionLimits,
  EdgeAnswer,
  EdgePolicy,
  HttpOk,
  RequestLimits,
  RestartPolicy,
  StopSignal,
  StrategyName,
} from '../model/index.ts';
import type { DeployValues } from './policy-input.ts';

/** One platform's rules as data. Every value says how we know it; what nobody could source is `'unknown'`. */
export interface PlatformProfile {
  readonly name: string;
  /** One line for people: whose rules these are. */
  readonly summary: string;
  readonly rules: { readonly [Rule in RuleName]: Known<PlatformRules[Rule]> | 'unknown' };
}

/** A profile without gaps: ours, which fills the gaps of the others. */
export interface CompleteProfile extends PlatformProfile {
  readonly rules: { readonly [Rule in RuleName]: Known<PlatformRules[Rule]> };
}

export interface Known<Value> {
  readonly value: Value;
  /** Page of the platform's documentation, an observation, or `Pointsman` for what is our own choice. */
  readonly source: string;
}

export type RuleName = keyof PlatformRules;

/** `serving` is a service that gets traffic (domains, a port or a health check), `worker` one that doesn't. */
export interface PlatformRules {
  /** user: `deploy.strategy`, `surge` and `unavailable` count; platform: it replaces in one way whatever they say. */
  readonly 'replace.chosenBy': 'user' | 'platform';
  readonly 'replace.serving': StrategyName;
  readonly 'replace.worker': StrategyName;
  readonly 'replace.switch': 'atomic' | 'per-instance' | 'by-strategy';
  readonly 'replace.withVolume': 'stop-first' | 'as-without';
  /** Replicas a service with a volume may have. */
  readonly 'replace.volumeReplicas': number;
  /** none: the platform gives no service a port of the machine. */
  readonly 'replace.withHostPort': 'stop-first' | 'none';
  readonly 'replace.overlapSeconds': number;
  readonly 'gate.ok': HttpOk;
  /** The Host header of the check; null: the service's own first domain. */
  readonly 'gate.host': string | null;
  readonly 'gate.firstDelaySeconds': number;
  readonly 'gate.tryTimeoutSeconds': number;
  readonly 'gate.waitSeconds': readonly number[];
  readonly 'gate.successes': number;
  readonly 'gate.deadlineSeconds': number;
  /** What counts when there is no path to ask. port: it accepts a connection, where it has one; else it stayed up. */
  readonly 'gate.withoutPath': 'port' | 'uptime';
  readonly 'gate.uptimeSeconds': number;
  readonly 'drain.http': 'wait' | 'none';
  readonly 'drain.sse': 'end-at-event' | 'wait' | 'none';
  readonly 'drain.websocket': 'close-frame' | 'wait' | 'none';
  /** At the proxy, before the first signal, when `drainingSeconds` is not set. */
  readonly 'drain.seconds': number;
  readonly 'stop.signal': StopSignal;
  /** Between signal and SIGKILL, when `drainingSeconds` is not set. */
  readonly 'stop.graceSeconds': number;
  readonly 'restart.policyType': DeployValues['restartPolicyType'];
  readonly 'restart.maxRetries': number;
  readonly 'restart.backoff': RestartPolicy['backoff'];
  readonly 'edge.noUpstream': EdgeAnswer;
  readonly 'edge.unknownHost': EdgeAnswer;
  readonly 'edge.balance': EdgePolicy['balance'];
  readonly 'edge.dial': EdgePolicy['dial'];
  readonly 'edge.repeat': NonNullable<EdgePolicy['repeat']>;
  readonly 'edge.hold': EdgePolicy['hold'];
  /** What one request may take. */
  readonly 'edge.requests': RequestLimits;
  /** What clients of the public listeners may take; counts as the project's platform. */
  readonly 'edge.clients': ConnectionLimits;
  readonly 'preDeploy.timeoutSeconds': number;
  /** How a start command reaches a service built from a Dockerfile or image, and one built from source. */
  readonly 'command.container': CommandRule;
  readonly 'command.source': CommandRule;
}

/** as-needed: through a shell only if the command uses one, so that signals reach the program itself. */
type CommandRule = 'exec' | 'shell' | 'as-needed';
