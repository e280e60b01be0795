import type { Instant, ServiceName } from './brand.ts';

/**
 * Questions asked around a deploy. before: a failure blocks it, nothing has changed yet; during: asked again and again
 * while replicas are replaced, a failure ends the rollout while the old version serves; after: asked of the new version
 * once it serves, a failure brings the old one back.
 */
export interface VerifyPlan {
  readonly before: readonly Check[];
  readonly during: readonly Check[];
  readonly after: readonly Check[];
}
export type VerifyStage = keyof VerifyPlan;
/** smoke: asked of the new replicas before users meet them; its checks stand in the policy. */
export type CheckStage = VerifyStage | 'smoke';

/** `before the deploy`, as events and failures say it. */
export const whenAsked = (stage: CheckStage): string =>
  stage === 'smoke' ? 'before users meet it' : `${stage} the deploy`;

export interface Check {
  /** Says in events what was asked; unique in its stage. */
  readonly name: string;
  /** Whose replicas or domain; undefined: the service that is deployed. */
  readonly service?: ServiceName;
  /** proxy: as users come, by a domain; replicas: each one that serves is asked directly. */
  readonly through: 'proxy' | 'replicas';
  /** It must succeed within so long; a failed try is repeated until then. */
  readonly withinSeconds: number;
  /** Between the end of one round and the next; only `during` goes round. */
  readonly everySeconds: number;
  readonly question: Question;
}

export type Question =
  | {
      readonly kind: 'http';
      readonly method: string;
      readonly path: string;
      /** What stands in Host; undefined: the service's first domain. */
      readonly host?: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly status: number;
      readonly contains?: string;
      /** Dotted path in the JSON answer → the value it must have. */
      readonly json: Readonly<Record<string, JsonScalar>>;
    }
  /** An event, or a comment (a heartbeat), must come. */
  | {
      readonly kind: 'sse';
      readonly path: string;
      readonly host?: string;
      /** The event's type, where not any will do. */
      readonly event?: string;
      readonly contains?: string;
    }
  | { readonly kind: 'tcp'; readonly port?: number }
  | { readonly kind: 'exec'; readonly command: readonly string[]; readonly contains?: string }
  /** A line of the replica's own output, since it started. */
  | { readonly kind: 'log'; readonly contains: string };

export type JsonScalar = string | number | boolean | null;

/** What one check found in the end. */
export interface CheckResult {
  readonly stage: CheckStage;
  readonly name: string;
  readonly ok: boolean;
  /** What was seen where: `GET /mcp/tools through the proxy answered 502, wanted 200`. */
  readonly words: string;
  readonly at: Instant;
}
