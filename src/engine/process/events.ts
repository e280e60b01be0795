import { setTimeout as wait } from 'node:timers/promises';
import type { EngineEvent } from '../port.ts';
import type { RunnerLink } from './runner-link.ts';

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/** The runner's notices. When it was killed, another is started, which ends what the dead one left; `resync` follows. */
export const replicaEvents = async function* (link: RunnerLink, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const connection = await link.connect(signal);
      const notices = connection.notices();
      const stop = () => connection.forget(notices);
      signal.addEventListener('abort', stop, { once: true });
      yield { kind: 'resync', reason: failures === 0 ? 'subscribed to the runner' : 'the runner answers again' };
      failures = 0;
      try {
        yield* notices;
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
      if (connection.endedOnPurpose) await link.nextConnection(signal);
      else throw new Error('the process runner ended');
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (failures === 0) yield { kind: 'unreachable', reason };
      failures += 1;
      const pause = Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
      await wait(pause, undefined, { signal }).catch(() => undefined);
    }
  }
};
