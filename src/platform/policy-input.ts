import type {
  Check,
  EdgePolicy,
  HostPort,
  RequestLimits,
  RolloutPolicy,
  StrategyName,
  ValueOrigin,
} from '../model/index.ts';

/** What the user said about deploying one service, and the facts a platform's rules depend on. */
export interface PolicyInput {
  readonly platform: string;
  readonly deploy: DeployChoices;
  readonly facts: ServiceFacts;
}

export interface DeployValues {
  readonly strategy: StrategyName;
  readonly surge: number | string;
  readonly unavailable: number | string;
  readonly healthcheckPath: string;
  readonly healthcheckTimeout: number;
  readonly healthcheckCommand: readonly string[];
  readonly healthcheckPort: number;
  readonly overlapSeconds: number;
  readonly drainingSeconds: number;
  readonly restartPolicyType: 'ON_FAILURE' | 'ALWAYS' | 'NEVER';
  readonly restartPolicyMaxRetries: number;
  readonly progressDeadlineSeconds: number;
  readonly canary: CanaryChoice;
  readonly analysis: AnalysisChoice;
  readonly promotion: 'automatic' | 'manual';
  readonly smoke: readonly Check[];
  readonly bakeSeconds: number;
  readonly affinity: 'replica' | 'revision';
  readonly hold: EdgePolicy['hold'];
  readonly requestLimits: RequestLimits;
  readonly drainCommand: string;
  readonly drainCheck: string;
}

export interface CanaryChoice {
  readonly steps: readonly { readonly percent: number; readonly pause: number | 'promote' }[];
  readonly matches?: readonly { readonly header?: string; readonly cookie?: string; readonly value?: string }[];
}
export interface AnalysisChoice {
  readonly minRequests?: number;
  readonly windowSeconds?: number;
  readonly maxErrorIncrease?: number;
  readonly maxP95Ratio?: number;
  readonly maxP99Ratio?: number;
  readonly onNoSample?: 'hold' | 'abort' | 'promote';
}

/** Only what was said; who said it goes with it. */
export type DeployChoices = { readonly [Key in keyof DeployValues]?: Choice<DeployValues[Key]> };
export interface Choice<Value> extends ValueOrigin {
  readonly value: Value;
}

export interface ServiceFacts {
  readonly replicas: number;
  readonly hasVolume: boolean;
  readonly hostPorts: readonly HostPort[];
  readonly domains: readonly string[];
  /** The manifest names a port, so something listens there. */
  readonly hasPort: boolean;
  readonly packaging: 'container' | 'source';
  readonly startCommand: string | undefined;
}

export interface CompiledPolicy {
  readonly policy: RolloutPolicy;
  /** Those that it has on this platform. */
  readonly hostPorts: readonly HostPort[];
  /** `deploy.*`: what the user can set; `policy.*`: the platform's rules. */
  readonly origins: Readonly<Record<string, ValueOrigin>>;
  /** What a user should know about the outcome, in words. */
  readonly notes: readonly string[];
  /** What can't be done as written; `path` says which value. */
  readonly problems: readonly PolicyProblem[];
}

export interface PolicyProblem {
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}
