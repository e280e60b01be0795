import type { Cancel, Clock } from '../lib/index.ts';
import type { Check } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import type { Ask, CheckTarget, Finding } from './port.ts';

const pauseMs = 1000;
/** A last try without time for an answer would only replace what the one before has seen. */
const shortestTryMs = 1000;

export interface CheckRunParts {
  readonly clock: Clock;
  readonly ask: Ask;
  /** Who is to be asked right now; they may change from one try to the next. */
  readonly targets: () => Promise<readonly CheckTarget[]>;
}

/**
 * Asks until everybody who is to be asked gave the wanted answer, or the check's time is over. One that has answered
 * well is asked again with the others at the next try: it is the same moment that counts. Rejects when aborted.
 */
export const runCheck = async (check: Check, parts: CheckRunParts, signal: AbortSignal): Promise<Finding> => {
  const begunAt = parts.clock.now();
  const deadlineNow = (): number => dueAfter(parts.clock.sleeps, begunAt, check.withinSeconds * 1000);
  for (;;) {
    const finding = await tryOnce(check, parts, { deadline: deadlineNow(), signal });
    signal.throwIfAborted();
    if (finding.ok || parts.clock.now() + pauseMs + shortestTryMs > deadlineNow()) return finding;
    await pause(parts.clock, signal);
  }
};

const tryOnce = async (
  { question }: Check,
  { ask, targets, clock }: CheckRunParts,
  { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal },
): Promise<Finding> => {
  const asked = await targets();
  if (asked.length === 0) return { ok: false, words: 'no replica serves that could be asked' };
  const timeoutSeconds = Math.max(shortestTryMs, deadline - clock.now()) / 1000;
  const findings = await Promise.all(
    asked.map(async (target) => {
      const { ok, words } = await ask(question, target, { timeoutSeconds, signal });
      return {
        ok,
        words: `${words} ${target.kind === 'proxy' ? `through the proxy (${target.host})` : `at ${target.id}`}`,
      };
    }),
  );
  return findings.find(({ ok }) => !ok) ?? findings[0] ?? { ok: false, words: 'nobody was asked' };
};

const pause = (clock: Clock, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    let cancel: Cancel = () => undefined;
    const onAbort = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    cancel = clock.after(pauseMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
