import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Engine, EngineEvent, EngineReplica, LogLine, ReplicaStart, Scope } from '../../src/engine/index.ts';
import type { Exit, ImageRef, ReplicaId } from '../../src/model/index.ts';
import { environmentName, projectName, replicaIdOf, serviceName } from '../../src/model/index.ts';

/** What one engine brings to the contract: something to start, and ways to look behind it. */
export interface EngineUnderTest {
  /** Holds the apps of `fixtures/hostile` in its working folder, and a `sh`. */
  readonly image: ImageRef;
  /** A new engine object every time; the same scope is the same replicas. */
  readonly open: (scope: Scope) => Engine;
  /** Whatever of the scope there still is, in words. */
  readonly leftOvers: (scope: Scope) => Promise<readonly string[]>;
}

/** One engine with a scope of its own, cleaned up after the test whatever happens. */
export interface Stage {
  readonly engine: Engine;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  /** Another engine object on the same scope, as after a supervisor's restart. */
  readonly reopen: () => Engine;
  readonly replica: (change?: Partial<ReplicaStart>) => ReplicaStart;
  readonly start: (change?: Partial<ReplicaStart>) => Promise<EngineReplica>;
  /** Waits until an observation satisfies the condition, looking again at every event. */
  readonly seen: (condition: (replicas: readonly EngineReplica[]) => boolean) => Promise<readonly EngineReplica[]>;
  readonly exited: (replica: ReplicaId) => Promise<Exit>;
  /** Reads the log until a line holds the text. */
  readonly said: (replica: ReplicaId, text: string) => Promise<LogLine>;
}

const limitMs = 120_000;

export const openStage = async (subject: EngineUnderTest): Promise<Stage> => {
  const scope: Scope = {
    project: projectName(`t${randomBytes(4).toString('hex')}`),
    environment: environmentName('test'),
  };
  const signal = AbortSignal.timeout(limitMs);
  const engine = subject.open(scope);
  const opened = [engine];
  onTestFinished(() => strike(subject, scope, opened));
  await engine.prepare(signal);
  const replica = (change: Partial<ReplicaStart> = {}): ReplicaStart => replicaOf(scope, subject.image, change);
  const seen: Stage['seen'] = (condition) => observedUntil(engine, condition, signal);
  return {
    engine,
    scope,
    signal,
    replica,
    seen,
    reopen() {
      const another = subject.open(scope);
      opened.push(another);
      return another;
    },
    start: (change) => engine.start(replica(change), signal),
    async exited(id) {
      const replicas = await seen((all) => all.some((each) => each.id === id && each.state.kind === 'exited'));
      const state = replicas.find((each) => each.id === id)?.state;
      if (state?.kind !== 'exited') throw new Error(`${id} did not exit`);
      return state.exit;
    },
    async said(id, text) {
      for await (const line of engine.logs(id, { follow: true, tail: undefined }, signal)) {
        if (line.text.includes(text)) return line;
      }
      throw new Error(`${id} never said "${text}"`);
    },
  };
};

/** Subscribes first, so that nothing falls between looking and listening. */
const observedUntil = async (
  engine: Engine,
  condition: (replicas: readonly EngineReplica[]) => boolean,
  signal: AbortSignal,
): Promise<readonly EngineReplica[]> => {
  for await (const _event of engine.events(signal)) {
    const replicas = await engine.observe(undefined, signal);
    if (condition(replicas)) return replicas;
  }
  throw new Error('what was waited for was never observed');
};

/** Collects events until the last one satisfies the condition. */
export const eventsUntil = async (
  events: AsyncIterable<EngineEvent>,
  condition: (event: EngineEvent) => boolean,
): Promise<readonly EngineEvent[]> => {
  const seen: EngineEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (condition(event)) return seen;
  }
  throw new Error(`the events ended: ${JSON.stringify(seen)}`);
};

export const linesOf = async (lines: AsyncIterable<LogLine>): Promise<readonly LogLine[]> => {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
};

export const addressOf = ({ state }: EngineReplica): string => {
  if (state.kind !== 'running' || state.address === undefined) throw new Error(`no address: ${JSON.stringify(state)}`);
  return `http://${state.address.host}:${state.address.port}`;
};

const replicaOf = (scope: Scope, image: ImageRef, change: Partial<ReplicaStart>): ReplicaStart => {
  const seat = {
    service: change.service ?? serviceName('web'),
    revision: change.revision ?? 1,
    slot: change.slot ?? 0,
    attempt: change.attempt ?? 1,
  };
  return {
    id: replicaIdOf(scope, seat),
    ...seat,
    image,
    command: { form: 'exec', argv: ['node', 'polite.mjs'] },
    // An engine that fixes ports leaves PORT to its caller.
    variables: { PORT: '3000' },
    port: 3000,
    volumes: [],
    limits: {},
    ...change,
  };
};

const strike = async (subject: EngineUnderTest, scope: Scope, opened: readonly Engine[]): Promise<void> => {
  await Promise.all(opened.map((engine) => engine.close()));
  const signal = AbortSignal.timeout(limitMs);
  const cleaner = subject.open(scope);
  try {
    await cleaner.prepare(signal);
    const left = await cleaner.observe(undefined, signal);
    await Promise.all(left.map(({ id }) => cleaner.remove(id, signal)));
    await cleaner.dispose({ volumes: true }, signal);
  } finally {
    await cleaner.close();
  }
};
