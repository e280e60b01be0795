import type { HttpAnswer } from '../client/http-client.ts';
import { HttpClient } from '../client/http-client.ts';
import { Ledger } from '../ledger.ts';
import { OpenLoop } from '../open-loop.ts';
import type { RunClock } from '../run-clock.ts';
import type { LoadAddress, RunningWorkload, WorkloadDriver, WorkloadOf } from './workload.ts';

/** Plain requests at a fixed rate. Only a complete 2xx or 3xx is a success. */
export const httpDriver = (workload: WorkloadOf<'http'>, address: LoadAddress): WorkloadDriver => {
  const client = new HttpClient(address);
  const timeoutMs = workload.timeoutSeconds * 1000;
  const send = async (): Promise<string | undefined> => requestFailure(await client.request(workload, timeoutMs));
  return {
    tryOnce: async () => {
      const cause = await send();
      return cause === undefined ? undefined : `${workload.method} ${workload.host}${workload.path}: ${cause}`;
    },
    start: (clock) => startHttp(workload, send, clock),
    destroy: () => client.destroy(),
  };
};

const startHttp = (
  workload: WorkloadOf<'http'>,
  send: () => Promise<string | undefined>,
  clock: RunClock,
): RunningWorkload => {
  const ledger = new Ledger();
  const inFlight = new Set<Promise<void>>();
  const loop = new OpenLoop(clock, workload.ratePerSecond, (start) => {
    const request = send().then((cause) => {
      ledger.add({ start, end: clock.now(), cause });
      inFlight.delete(request);
    });
    inFlight.add(request);
  });
  return {
    counts: () => ({ sent: ledger.sent + inFlight.size, ok: ledger.sent - ledger.failed, failed: ledger.failed }),
    finish: async () => {
      loop.stop();
      await Promise.all(inFlight);
    },
    result: (spans, end) => ({ kind: 'http', ...ledger.result(spans, end) }),
  };
};

/** undefined: a complete 2xx or 3xx. */
export const requestFailure = (answer: HttpAnswer): string | undefined => {
  if (answer.kind === 'broken') return answer.cause;
  return answer.status < 400 ? undefined : String(answer.status);
};
