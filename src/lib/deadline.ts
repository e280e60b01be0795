import type { Clock } from './clock.ts';

/** Does the work under a signal that aborts with the given one, or when the time is up. */
export const withDeadline = async <Result>(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const ended = new AbortController();
  const onAbort = (): void => ended.abort(signal.reason);
  const cancel = clock.after(milliseconds, () =>
    ended.abort(new DOMException(`not done within ${milliseconds / 1000} s`, 'TimeoutError')),
  );
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await work(ended.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
};
