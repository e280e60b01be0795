import type { Instant, RestartPolicy } from '../model/index.ts';
import { counted } from '../model/index.ts';
import type { Crash, SlotHistory } from './situation.ts';

/** Whether an empty slot may get its next replica. */
export type RestartDecision =
  | { readonly kind: 'now' }
  | { readonly kind: 'at'; readonly at: Instant }
  | { readonly kind: 'never'; readonly words: string; readonly crash: Crash };

/** `on-failure` leaves a clean exit alone and gives up after `maxRetries` restarts (railway-facts.md §3.4). */
export const decideRestart = (
  history: SlotHistory | undefined,
  policy: RestartPolicy,
  now: Instant,
): RestartDecision => {
  const crashes = history?.crashes ?? [];
  const crash = crashes.at(-1);
  if (crash === undefined) return { kind: 'now' };
  const refusal = refusalOf(crash, crashes.length, policy);
  if (refusal !== undefined) return { kind: 'never', words: refusal, crash };
  const at = crash.at + backoffSeconds(policy, crashes.length) * 1000;
  return at <= now ? { kind: 'now' } : { kind: 'at', at };
};

const refusalOf = (crash: Crash, count: number, policy: RestartPolicy): string | undefined => {
  switch (policy.when) {
    case 'always':
      return undefined;
    case 'never':
      return `${crash.words}; the restart policy is NEVER`;
    case 'on-failure':
      if (crash.how === 'exited' && crash.exitCode === 0) return `${crash.words}; ON_FAILURE restarts only failures`;
      if (count > policy.maxRetries) return `${crash.words}; gave up after ${counted(policy.maxRetries, 'restart')}`;
      return undefined;
  }
};

const backoffSeconds = ({ backoff }: RestartPolicy, count: number): number =>
  Math.min(backoff.capSeconds, backoff.baseSeconds * backoff.factor ** (count - 1));
