import type { Clock } from '../lib/index.ts';
import { Places } from '../lib/index.ts';
import type { Gate, Instant, ReplicaId } from '../model/index.ts';
import { GateWatch } from './gate-watch.ts';
import type { HealthMonitor, ProbedReplica, ProbeExec, ProbeRunner } from './port.ts';
import { createProbeRunner } from './probe.ts';

export interface HealthMonitorOptions {
  readonly clock: Clock;
  readonly exec: ProbeExec;
  /** Once per watched replica. */
  readonly onReady: (replica: ReplicaId, at: Instant) => void;
  /** Every failed try, counted from 1. */
  readonly onFailure: (replica: ReplicaId, words: string, attempt: number) => void;
  /** What makes one try; simulations hand in their own. */
  readonly runProbe?: ProbeRunner;
}

/** Tries running at once. The time a try waits for its place does not count as the app's. */
const probesAtOnce = 32;

/** Runs the gate's schedule for each watched replica and says once when it is ready. It has no opinion on what follows from that. */
export const createHealthMonitor = (options: HealthMonitorOptions): HealthMonitor => {
  const runProbe = options.runProbe ?? createProbeRunner(options);
  const places = new Places(probesAtOnce);
  const watches = new Map<ReplicaId, GateWatch>();

  const watch = (replica: ProbedReplica, gate: Gate): void => {
    if (watches.has(replica.id)) return;
    const started = new GateWatch(replica, gate, {
      clock: options.clock,
      runProbe: (probe, limits) => places.take(() => runProbe(replica, probe, limits)),
      onReady: (at) => options.onReady(replica.id, at),
      onFailure: (words, attempt) => options.onFailure(replica.id, words, attempt),
    });
    watches.set(replica.id, started);
    started.begin();
  };
  const forget = (replica: ReplicaId): void => {
    watches.get(replica)?.end();
    watches.delete(replica);
  };
  return { watch, forget, close: () => [...watches.keys()].forEach(forget) };
};
