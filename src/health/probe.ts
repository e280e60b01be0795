import type { Clock } from '../lib/index.ts';
import type { Address } from '../model/index.ts';
import { lookByExec } from './exec-probe.ts';
import { lookByHttp } from './http-probe.ts';
import type { Look, LookingProbe, ProbedReplica, ProbeExec, ProbeLimits, ProbeRunner } from './port.ts';
import { lookByTcp } from './tcp-probe.ts';

/** Probes for real: sockets from here to the replica's address, commands through `exec`. */
export const createProbeRunner =
  (options: { readonly clock: Clock; readonly exec: ProbeExec }): ProbeRunner =>
  async (replica, probe, limits) => {
    const { clock } = options;
    const begunAt = clock.now();
    const look = await lookWithin(clock, limits, (signal) => lookBy(options.exec, replica, probe, signal));
    return { ...look, durationMs: clock.now() - begunAt };
  };

const lookBy = (exec: ProbeExec, replica: ProbedReplica, probe: LookingProbe, signal: AbortSignal): Promise<Look> => {
  switch (probe.kind) {
    case 'exec':
      return lookByExec(() => exec(replica.id, probe.command, signal), probe.command);
    case 'http':
      return withAddress(replica, probe.port, (address) => lookByHttp(address, probe, signal));
    case 'tcp':
      return withAddress(replica, probe.port, (address) => lookByTcp(address, signal));
  }
};

const withAddress = async (
  replica: ProbedReplica,
  port: number | undefined,
  look: (address: Address) => Promise<Look>,
): Promise<Look> =>
  replica.address === undefined
    ? { ok: false, words: 'the replica has no address to probe (does it publish a port?)' }
    : look({ host: replica.address.host, port: port ?? replica.address.port });

/** The look is aborted at the deadline and its result no longer waited for, so that a probe that ignores the abort can't hold a place. */
export const lookWithin = async (
  clock: Clock,
  limits: ProbeLimits,
  look: (signal: AbortSignal) => Promise<Look>,
): Promise<Look> => {
  const ended = Promise.withResolvers<Look>();
  const controller = new AbortController();
  const end = (words: string): void => {
    ended.resolve({ ok: false, words });
    controller.abort();
  };
  const onAbort = (): void => end('the probe was cancelled');
  const cancelTimer = clock.after(limits.timeoutSeconds * 1000, () =>
    end(`no answer within ${limits.timeoutSeconds} s`),
  );
  limits.signal.addEventListener('abort', onAbort, { once: true });
  if (limits.signal.aborted) onAbort();
  try {
    const looking = look(controller.signal).catch((error: unknown) => ({ ok: false, words: messageOf(error) }));
    return await Promise.race([ended.promise, looking]);
  } finally {
    cancelTimer();
    limits.signal.removeEventListener('abort', onAbort);
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
