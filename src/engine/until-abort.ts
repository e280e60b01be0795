/** Waits for an answer that has no way to be cancelled; after the abort it is nobody's. */
export const untilAbort = async <Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> => {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
