import type { EnvironmentName, ImageRef, Instant, ProjectName, RevisionNumber, ServiceName } from './brand.ts';
import type { Address } from './replica.ts';
import type { SourceLocation } from './error.ts';
import type { RolloutPolicy } from './policy.ts';
import type { VerifyPlan } from './verify.ts';

/** What a service is after config file, platform profile, environment and variables are merged. Immutable. */
export interface ServiceSpec {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  readonly name: ServiceName;
  readonly platform: string;
  readonly image: ImageSource;
  /** undefined: what the image itself starts. */
  readonly startCommand?: string;
  readonly preDeployCommand?: string;
  readonly replicas: number;
  /** The port the app listens on inside its container; also handed to it as PORT. undefined on an engine that hands out ports. */
  readonly port: number;
  /** Public host names; `*.` wildcards allowed. Empty: private only. */
  readonly domains: readonly string[];
  /** Addresses of ours behind which connections go to it as they are. */
  readonly tcp?: readonly TcpDoor[];
  /** Ports of the machine that its replica holds itself, past the proxy. */
  readonly hostPorts?: readonly HostPort[];
  readonly volumes: readonly VolumeMount[];
  /** Fully resolved, with what the platform provides to the service; the executor adds PORT and what belongs to one replica. */
  readonly variables: Readonly<Record<string, string>>;
  readonly dependsOn: readonly ServiceName[];
  readonly limits: Limits;
  readonly policy: RolloutPolicy;
  /** undefined: nothing is asked around its deploys. */
  readonly verify?: VerifyPlan;
  /** Kept revisions, newest first; images of kept revisions are never collected. */
  readonly keepRevisions: number;
  /** Where each value came from, by dotted path (`deploy.healthcheckPath`, `variables.PORT`). */
  readonly origins: Readonly<Record<string, ValueOrigin>>;
}

export type ImageSource =
  | {
      readonly kind: 'build';
      /** Absolute folder that is sent to the builder. */
      readonly context: string;
      /** Absolute. */
      readonly dockerfile: string;
      readonly target?: string;
      readonly args: Readonly<Record<string, string>>;
      /** Names of secrets → values, given to `RUN --mount=type=secret`. */
      readonly secrets: Readonly<Record<string, string>>;
      /** Run in the snapshot by the process engine's builder. */
      readonly buildCommand?: string;
      /** gitignore-style, matched from `watchRoot`; empty: everything in the context. */
      readonly watchPatterns: readonly string[];
      readonly watchRoot: string;
    }
  | { readonly kind: 'image'; readonly reference: string };

export interface TcpDoor {
  readonly listen: Address;
  /** Of the app; undefined: the one it listens on anyway. */
  readonly port?: number;
}

export interface HostPort {
  readonly listen: Address;
  /** Inside its container. */
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
}

export interface Limits {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly pids?: number;
}

/** One layer's say about a value. `explain` prints the winner and what it overrode. */
export interface ValueOrigin {
  readonly value: unknown;
  readonly source: ValueSource;
  readonly overrode: readonly { readonly value: unknown; readonly source: ValueSource }[];
  /** The effective value is a secret or holds one: masked wherever it is shown. */
  readonly secret?: boolean;
}
export type ValueSource =
  | { readonly kind: 'manifest'; readonly where: SourceLocation }
  | { readonly kind: 'config-file'; readonly where: SourceLocation }
  | { readonly kind: 'environment'; readonly where: SourceLocation }
  /** Given with the command: `deploy --variable`, a rehearsal's variant. */
  | { readonly kind: 'command' }
  | { readonly kind: 'platform'; readonly platform: string; readonly source: string }
  | { readonly kind: 'default' };

/** Immutable, numbered, kept, restorable: a rollback needs nothing but this. */
export interface Revision {
  readonly service: ServiceName;
  readonly number: RevisionNumber;
  readonly createdAt: Instant;
  /** Why it exists, in words: `mcp_cloud/http_server.py changed`, `deploy by hand`. */
  readonly cause: string;
  /** Who asked for it; absent where nobody did or said: a saved file. */
  readonly by?: string;
  /** Hash over what makes a replica differ: image input, start command, variables, volumes, host ports, limits, port. Not replicas or policy. */
  readonly specHash: string;
  readonly spec: ServiceSpec;
  /** Set once built. */
  readonly image?: ImageRef;
  readonly result: RevisionResult;
}
export type RevisionResult = 'pending' | 'active' | 'retired' | 'failed' | 'superseded';
