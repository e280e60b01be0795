import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProbeResult, ProbeRunner } from '../../src/health/index.ts';
import { createHealthMonitor } from '../../src/health/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import type { Gate } from '../../src/model/index.ts';
import { listen, replica } from './replica.ts';
import { VirtualClock } from './virtual-clock.ts';

const replicaId = replica(0);
const railwayGate: Gate = {
  probe: { kind: 'http', path: '/healthcheck', ok: '200' },
  schedule: { firstDelaySeconds: 0, timeoutSeconds: 10, waitSeconds: [1, 2, 4, 8, 16, 30] },
  successes: 1,
  deadlineSeconds: 300,
};
const address = { host: '127.0.0.1', port: 1 };

/** A gate watched in virtual time against an app whose answers are given. */
const rehearse = (gate: Gate, answer: (attempt: number, clock: VirtualClock) => Promise<boolean>, startedAt = 0) => {
  const clock = new VirtualClock();
  const tries: number[] = [];
  const ready: number[] = [];
  const failures: { words: string; attempt: number }[] = [];
  const runProbe: ProbeRunner = async (): Promise<ProbeResult> => {
    tries.push(clock.now() / 1000);
    const ok = await answer(tries.length, clock);
    return { ok, words: ok ? 'fine' : 'not yet', durationMs: 0 };
  };
  const monitor = createHealthMonitor({
    clock,
    exec: () => Promise.reject(new Error('no exec here')),
    onReady: (_, at) => ready.push(at / 1000),
    onFailure: (_, words, attempt) => failures.push({ words, attempt }),
    runProbe,
  });
  const watch = (): void => monitor.watch({ id: replicaId, address, startedAt }, gate);
  return { clock, tries, ready, failures, monitor, watch };
};

const refused = (): Promise<boolean> => Promise.resolve(false);
const silent = (_: number, clock: VirtualClock): Promise<boolean> =>
  new Promise((resolve) => clock.after(10_000, () => resolve(false)));

describe('the schedule that Railway keeps', () => {
  it('makes 14 tries in five minutes when the connection is refused at once', async () => {
    const { clock, tries, ready, failures, watch } = rehearse(railwayGate, refused);
    watch();
    await clock.advanceTo(1_000_000);
    expect(tries).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211, 241, 271]);
    expect(failures.map((failure) => failure.attempt)).toEqual(tries.map((_, index) => index + 1));
    expect(ready).toEqual([]);
  });

  it('makes 11 tries when the app accepts and stays silent', async () => {
    const { clock, tries, watch } = rehearse(railwayGate, silent);
    watch();
    await clock.advanceTo(1_000_000);
    expect(tries).toEqual([0, 11, 23, 37, 55, 81, 121, 161, 201, 241, 281]);
  });
});

describe('a gate', () => {
  it('says ready once, and looks no more', async () => {
    const { clock, tries, ready, watch } = rehearse(railwayGate, async (attempt) => attempt >= 3);
    watch();
    watch();
    await clock.advanceTo(1_000_000);
    expect(tries).toEqual([0, 1, 3]);
    expect(ready).toEqual([3]);
  });

  it('waits for its first delay, counted from the start of the replica', async () => {
    const gate = { ...railwayGate, schedule: { ...railwayGate.schedule, firstDelaySeconds: 14 } };
    const { clock, tries, watch } = rehearse(gate, async () => true, 2_000);
    watch();
    await clock.advanceTo(60_000);
    expect(tries).toEqual([16]);
  });

  it('wants its successes in a row', async () => {
    const answers = [true, false, true, true, true];
    const gate = { ...railwayGate, successes: 3 };
    const { clock, tries, ready, watch } = rehearse(gate, async (attempt) => answers[attempt - 1] ?? false);
    watch();
    await clock.advanceTo(60_000);
    expect(tries).toEqual([0, 1, 2, 3, 4]);
    expect(ready).toEqual([4]);
  });

  it('gives a replica that nobody asked until after its deadline the whole of it from then on', async () => {
    const { clock, tries, watch } = rehearse(railwayGate, refused);
    await clock.advanceTo(900_000);
    watch();
    await clock.advanceTo(1_800_000);
    expect(tries.slice(0, 3)).toEqual([900, 901, 903]);
    expect(tries.at(-1)).toBeGreaterThan(900 + 270);
    expect(tries.at(-1)).toBeLessThanOrEqual(900 + 300);
  });

  it('is silent about a replica that was forgotten in the middle of a try', async () => {
    const { clock, ready, failures, tries, monitor, watch } = rehearse(railwayGate, silent);
    watch();
    await clock.advanceTo(5_000);
    monitor.forget(replicaId);
    await clock.advanceTo(1_000_000);
    expect(tries).toEqual([0]);
    expect(ready).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('by uptime is ready when the replica has run long enough, without looking', async () => {
    const { clock, tries, ready, watch } = rehearse(
      { ...railwayGate, probe: { kind: 'uptime', seconds: 20 } },
      refused,
    );
    watch();
    await clock.advanceTo(19_999);
    expect(ready).toEqual([]);
    await clock.advanceTo(30_000);
    expect(ready).toEqual([20]);
    expect(tries).toEqual([]);
  });

  it('by uptime of 0 is ready at once', () => {
    const { ready, watch } = rehearse({ ...railwayGate, probe: { kind: 'uptime', seconds: 0 } }, refused);
    watch();
    expect(ready).toEqual([0]);
  });

  it('by uptime does not become ready when the replica was forgotten before', async () => {
    const { clock, ready, monitor, watch } = rehearse(
      { ...railwayGate, probe: { kind: 'uptime', seconds: 5 } },
      refused,
    );
    watch();
    monitor.close();
    await clock.advanceTo(60_000);
    expect(ready).toEqual([]);
  });
});

describe('many replicas at once', () => {
  it('share 32 places, so that hanging apps make no storm', async () => {
    const clock = new VirtualClock();
    const running = { now: 0, most: 0 };
    const monitor = createHealthMonitor({
      clock,
      exec: () => Promise.reject(new Error('no exec here')),
      onReady: () => {},
      onFailure: () => {},
      runProbe: async () => {
        running.now += 1;
        running.most = Math.max(running.most, running.now);
        await new Promise<void>((resolve) => clock.after(10_000, resolve));
        running.now -= 1;
        return { ok: false, words: 'silent', durationMs: 10_000 };
      },
    });
    for (let slot = 0; slot < 200; slot += 1) monitor.watch({ id: replica(slot), address, startedAt: 0 }, railwayGate);
    await clock.advanceTo(120_000);
    expect(running.most).toBe(32);
    monitor.close();
  });
});

describe('a gate on a real app', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  it('opens when the app answers 200 after answers of 503', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.host ?? '');
      response.writeHead(seen.length < 4 ? 503 : 200).end();
    });
    servers.push(server);
    const appAddress = await listen(server);
    const failures: string[] = [];
    const clock = systemClock;
    await new Promise<void>((resolve) => {
      const monitor = createHealthMonitor({
        clock,
        exec: () => Promise.reject(new Error('no exec here')),
        onReady: () => resolve(),
        onFailure: (_, words, attempt) => failures.push(`#${attempt} ${words}`),
      });
      monitor.watch(
        {
          id: replicaId,
          address: appAddress,
          startedAt: clock.now(),
        },
        {
          probe: { kind: 'http', path: '/healthcheck', ok: '200', host: 'healthcheck.railway.app' },
          schedule: { firstDelaySeconds: 0, timeoutSeconds: 5, waitSeconds: [0.01] },
          successes: 2,
          deadlineSeconds: 30,
        },
      );
    });
    expect(failures).toEqual([1, 2, 3].map((attempt) => `#${attempt} GET /healthcheck answered 503, wanted 200`));
    expect(seen).toEqual(Array.from({ length: 5 }, () => 'healthcheck.railway.app'));
  });
});
