import type { Builder } from '../build/index.ts';
import type { Engine } from '../engine/index.ts';
import type { DownRequest } from '../protocol/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import type { Commands } from './commands.ts';
import type { Executor } from './executor.ts';
import type { LiveFacts } from './live-facts.ts';
import type { Loop } from './loop.ts';
import type { Records } from './records.ts';
import type { Triggers } from './triggers.ts';

export interface TakedownParts {
  readonly engine: Engine;
  readonly builder: Builder;
  readonly proxy: ProxyLink;
  readonly commands: Commands;
  readonly triggers: Triggers;
  readonly records: Records;
  readonly live: LiveFacts;
  readonly loop: Loop;
  readonly executor: Executor;
}

/** Everything stops by its own rules and is removed; the proxy goes last, when nothing can be asked of it any more. */
export const takeDown = async (parts: TakedownParts, request: DownRequest, signal: AbortSignal): Promise<void> => {
  const { engine, proxy, commands, triggers, live, loop, executor } = parts;
  await triggers.stopWatching();
  const waiting = new AbortController();
  const changes = live.changes.subscribe(AbortSignal.any([signal, waiting.signal]));
  await commands.wantNothing();
  await removeStrangers(parts, signal);
  if (request.now === true) await removeAll(engine, signal);
  await untilNothingRuns(engine, changes, signal);
  waiting.abort();
  // A look at a scope that is being disposed of would prepare it anew.
  await loop.close();
  // A start that was under way when nothing was wanted any more may have come after the last look.
  await executor.settle();
  await removeAll(engine, signal);
  await proxy.shutdown(signal);
  await engine.dispose({ volumes: request.volumes }, signal);
  if (request.images === true) await parts.builder.collect(new Set(), signal);
};

/** The loop's own removals may be under way: removing what is gone succeeds. */
export const removeAll = async (engine: Engine, signal: AbortSignal): Promise<void> => {
  const replicas = await engine.observe(undefined, signal);
  await Promise.all(replicas.map((replica) => engine.remove(replica.id, signal)));
};

/** Replicas of ours whose service no row tells of, because the state was lost: nobody else would ever end them. */
export const removeStrangers = async (
  { engine, records }: Pick<TakedownParts, 'engine' | 'records'>,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const replicas = await engine.observe(undefined, signal);
  const strangers = replicas.filter(({ service }) => records.service(service) === undefined);
  await Promise.all(strangers.map(({ id }) => engine.remove(id, signal)));
  return strangers.map(({ id }) => id);
};

const untilNothingRuns = async (
  engine: Engine,
  changes: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> => {
  if ((await engine.observe(undefined, signal)).length === 0) return;
  for await (const _ of changes) if ((await engine.observe(undefined, signal)).length === 0) return;
  signal.throwIfAborted();
};
