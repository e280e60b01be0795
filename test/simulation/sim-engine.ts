import type { Engine, EngineReplica, LogLine, ReplicaStart } from '../../src/engine/index.ts';
import { EventStream } from '../../src/lib/index.ts';
import type { EngineEvent } from '../../src/engine/index.ts';
import type { ReplicaId, ServiceName } from '../../src/model/index.ts';
import type { Container } from './containers.ts';
import type { Call, Life } from './life.ts';
import { never } from './life.ts';
import { drainCommand, patience, refusal, runOnce } from './sim-commands.ts';
import type { World } from './world.ts';

/** The engine as one supervisor reaches it. */
export const engineOf = (world: World, life: Life): Engine => {
  const { containers, rules } = world;
  /** What of it is seen half made is not abandoned. */
  const startedHere = new Set<ReplicaId>();
  const ask = <Answer>(
    words: string,
    signal: AbortSignal,
    effect: () => Answer,
    more: Partial<Call<Answer>> = {},
  ): Promise<Answer> =>
    life.call(signal, { words, milliseconds: patience(world), refusal: () => refusal(world, words), effect, ...more });
  const begin = async (start: ReplicaStart, signal: AbortSignal): Promise<EngineReplica> => {
    const create = (): Container => containers.all.get(start.id) ?? containers.create(start);
    const container = await ask(`create ${start.id}`, signal, create);
    const run = (): EngineReplica => {
      if (container.state === 'created') {
        containers.run(container);
        rules.afterStart(container);
      }
      return seen(container);
    };
    return await ask(`start ${start.id}`, signal, run, { key: `start ${start.id}` });
  };
  return {
    capabilities,
    prepare: (signal) => ask('prepare', signal, () => ({ names: privateNames }), { isLook: true }),
    start: async (start, signal) => {
      rules.beforeStart(start);
      startedHere.add(start.id);
      try {
        return await begin(start, signal);
      } catch (error) {
        startedHere.delete(start.id);
        throw error;
      }
    },
    signal: (replica, name, signal) => {
      rules.beforeSignal(replica, name);
      const words = `${name} to ${replica}`;
      const effect = (): void => {
        const container = containers.all.get(replica);
        rules.afterSignal(replica);
        if (container !== undefined) containers.signal(container, name);
      };
      const sent = ask(words, signal, effect, { key: words });
      sent.catch(() => rules.afterUnheardSignal(life, replica));
      return sent;
    },
    remove: (replica, signal) => {
      rules.beforeRemove(replica);
      return ask(`remove ${replica}`, signal, () => containers.remove(replica), { key: `remove ${replica}` });
    },
    observe: (service, signal) => observe(world, { startedHere, ask }, service, signal),
    runOnce: (once, _onLine, signal) => runOnce(world, life, once, signal),
    exec: (replica, _command, signal) => drainCommand(world, life, replica, signal),
    logs: (replica) => lastWords(world, replica),
    stats: () => never(),
    events: (signal) => eventsOf(world, life, signal),
    dispose: async () => undefined,
    close: async () => undefined,
  };
};

type Ask = <Answer>(
  words: string,
  signal: AbortSignal,
  effect: () => Answer,
  more?: Partial<Call<Answer>>,
) => Promise<Answer>;

/** Where the network's DNS would be. */
const privateNames = { bind: { host: '10.0.0.1', port: 53 }, subnet: '10.0.0.0/8' } as const;

const capabilities = {
  engine: 'docker',
  privateNames: 'dns',
  ports: 'fixed',
  builds: 'image',
  limits: { memory: true, cpus: true, pids: true },
  volumes: true,
  isolatesFiles: true,
} as const;

const observe = (
  world: World,
  { startedHere, ask }: { readonly startedHere: ReadonlySet<ReplicaId>; readonly ask: Ask },
  service: ServiceName | undefined,
  signal: AbortSignal,
): Promise<readonly EngineReplica[]> => {
  world.looks.set(service ?? '', (world.looks.get(service ?? '') ?? 0) + 1);
  const { containers } = world;
  const look = (): readonly EngineReplica[] => {
    const found = service === undefined ? [...containers.all.values()] : containers.of(service);
    const isAbandoned = ({ id, state }: Container): boolean => state === 'created' && !startedHere.has(id);
    for (const container of found) if (isAbandoned(container)) containers.remove(container.id);
    return found.filter((container) => !isAbandoned(container)).map(seen);
  };
  const old = world.scenario.weather.looksAreOld ? look() : undefined;
  return ask('look', signal, () => old ?? look(), { isLook: true });
};

const seen = (container: Container): EngineReplica => {
  const { id, service, revision, slot, attempt, image } = container.start;
  const { exit, startedAt, clockBehindMs } = container;
  return {
    id,
    service,
    revision,
    slot,
    attempt,
    image,
    startedAt: startedAt - clockBehindMs.start,
    state:
      exit !== undefined
        ? { kind: 'exited', exit: { ...exit, at: exit.at - clockBehindMs.end } }
        : container.state === 'running'
          ? { kind: 'running', address: container.address }
          : { kind: 'created' },
  };
};

async function* lastWords(world: World, replica: LogLine['replica']): AsyncGenerator<LogLine> {
  yield { at: world.time.now, replica, stream: 'stdout', text: 'its last line' };
}

async function* eventsOf(world: World, life: Life, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  const stream = new EventStream<EngineEvent>();
  const stop = world.containers.listen((event) => {
    if (life.isAlive) stream.push(event);
  });
  signal.addEventListener('abort', () => stream.end(), { once: true });
  if (world.trouble.engineAway === undefined) stream.push({ kind: 'resync', reason: 'listening' });
  try {
    yield* stream;
  } finally {
    stop();
  }
}
