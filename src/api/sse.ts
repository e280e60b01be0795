import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { systemClock } from '../lib/index.ts';
import { failureAnswer } from './failures.ts';

export interface SseOptions {
  readonly heartbeatSeconds: number;
  /** Aborts when the client went away or the API ends: the source then ends too. */
  readonly signal: AbortSignal;
}

/**
 * Writes a source as server-sent events, one JSON value each. Waits for a slow client instead of piling up, says
 * something every few seconds so that a dead peer is noticed, and ends a source that fails with `event: error`.
 */
export const writeEvents = async (
  response: ServerResponse,
  source: AsyncIterable<unknown>,
  options: SseOptions,
): Promise<void> => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  const stopHeartbeats = startHeartbeats(response, options.heartbeatSeconds);
  try {
    for await (const value of source) {
      if (options.signal.aborted) break;
      await writeFully(response, `data: ${JSON.stringify(value)}\n\n`, options.signal);
    }
  } catch (error) {
    if (!options.signal.aborted) response.write(`event: error\ndata: ${JSON.stringify(failureAnswer(error).body)}\n\n`);
  } finally {
    stopHeartbeats();
    response.end();
  }
};

const writeFully = async (response: ServerResponse, text: string, signal: AbortSignal): Promise<void> => {
  if (response.write(text) || signal.aborted) return;
  await once(response, 'drain', { signal });
};

const startHeartbeats = (response: ServerResponse, seconds: number): (() => void) => {
  const beat = (): void => {
    response.write(': still here\n\n');
    cancel = systemClock.after(seconds * 1000, beat);
  };
  let cancel = systemClock.after(seconds * 1000, beat);
  return () => cancel();
};
