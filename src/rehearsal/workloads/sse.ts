import { HttpClient } from '../client/http-client.ts';
import type { RunClock } from '../run-clock.ts';
import { SseStream } from './sse-stream.ts';
import { StreamBook } from './stream-book.ts';
import type { LoadAddress, RunningWorkload, WorkloadDriver, WorkloadOf } from './workload.ts';

/** So many streams of server-sent events, kept open, each coming back with Last-Event-ID when it ends. */
export const sseDriver = (workload: WorkloadOf<'sse'>, address: LoadAddress): WorkloadDriver => {
  const client = new HttpClient(address);
  const running = new Set<SseStream>();
  return {
    tryOnce: () => openOnce(workload, client),
    start: (clock) => startStreams(workload, client, clock, running),
    destroy: async () => {
      for (const stream of running) stream.destroy();
      await client.destroy();
    },
  };
};

const startStreams = (
  workload: WorkloadOf<'sse'>,
  client: HttpClient,
  clock: RunClock,
  running: Set<SseStream>,
): RunningWorkload => {
  const book = new StreamBook();
  for (let count = 0; count < workload.connections; count += 1) {
    running.add(new SseStream(workload, client, clock, book));
  }
  return {
    counts: () => book.counts(),
    finish: async () => {
      await Promise.all([...running].map((stream) => stream.close()));
    },
    result: (spans, end) => book.result(spans, end),
  };
};

/** A stream works when it sends something. */
const openOnce = (workload: WorkloadOf<'sse'>, client: HttpClient): Promise<string | undefined> =>
  new Promise((resolve) => {
    const answer = (problem?: string): void => {
      clearTimeout(timer);
      close();
      resolve(problem === undefined ? undefined : `GET ${workload.host}${workload.path}: ${problem}`);
    };
    const timer = setTimeout(() => answer('silent'), workload.silenceSeconds * 1000);
    const { host, path } = workload;
    const seen = { head: 'nothing' };
    const close = client.stream(
      { host, path, method: 'GET', headers: { accept: 'text/event-stream' } },
      {
        onHead: (status, contentType) => {
          seen.head = status === 200 ? contentType : String(status);
          if (!seen.head.startsWith('text/event-stream')) queueMicrotask(() => answer(`answers ${seen.head}`));
        },
        onData: () => queueMicrotask(answer),
        onEnd: (cause) => queueMicrotask(() => answer(cause ?? 'ended at once')),
      },
    );
  });
