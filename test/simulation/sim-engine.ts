import type { Engine, EngineReplica, LogLine, ReplicaStart } from '../../src/engine/index.ts';
import { EventStream } from '../../src/lib/index.ts';
import type { EngineEvent } from '../../src/engine/index.ts';
import type { Exit, ReplicaId, ServiceName } from '../../src/model/index.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { Container } from './containers.ts';
import type { Call, Life } from './life.ts';
import { never } from './life.ts';
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
    prepare: (signal) => ask('prepare', signal, () => ({ names: undefined }), { isLook: true }),
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
      return ask(words, signal, effect, { key: words });
    },
    remove: (replica, signal) => {
      rules.beforeRemove(replica);
      return ask(`remove ${replica}`, signal, () => containers.remove(replica), { key: `remove ${replica}` });
    },
    observe: (service, signal) => observe(world, { startedHere, ask }, service, signal),
    runOnce: (once, _onLine, signal) => runOnce(world, life, once, signal),
    exec: (_replica, _command, signal) => ask('exec', signal, () => ({ exitCode: 0, output: '' }), { isLook: true }),
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

const capabilities = {
  engine: 'docker',
  privateNames: 'dns',
  ports: 'fixed',
  builds: 'image',
  limits: { memory: true, cpus: true, pids: true },
  volumes: true,
  isolatesFiles: true,
} as const;

/** An engine that hangs is given up on by its adapter after a minute. */
const patience = ({ trouble, scenario }: World): number => {
  if (trouble.engineAway === 'hangs') return 60_000;
  return trouble.callMs ?? scenario.weather.callMs;
};

const refusal = ({ trouble, random }: World, words: string): PointsmanError | undefined => {
  if (trouble.engineAway !== undefined) {
    return new PointsmanError('ENGINE_UNREACHABLE', { message: `the engine did not answer when asked to ${words}.` });
  }
  if (trouble.errShare > 0 && random.chance(trouble.errShare)) {
    return new PointsmanError('ENGINE_FAILED', { message: `the engine refused to ${words}` });
  }
  return undefined;
};

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
  return {
    id,
    service,
    revision,
    slot,
    attempt,
    image,
    startedAt: container.startedAt,
    state:
      container.exit !== undefined
        ? { kind: 'exited', exit: container.exit }
        : container.state === 'running'
          ? { kind: 'running', address: container.address }
          : { kind: 'created' },
  };
};

/** A one-off that hangs is killed when its time is up. */
const runOnce = (
  world: World,
  life: Life,
  once: Parameters<Engine['runOnce']>[0],
  signal: AbortSignal,
): Promise<Exit> => {
  world.rules.beforeRunOnce(once);
  const { preDeploy } = world.behaviourOf(once.image);
  const isHanging = preDeploy === 'hangs';
  const call = life.call(signal, {
    words: `pre-deploy ${once.id}`,
    key: `pre-deploy ${once.service} ${once.revision}`,
    milliseconds: isHanging ? once.timeoutSeconds * 1000 : 2 * patience(world),
    refusal: () => refusal(world, 'run the pre-deploy command'),
    effect: (): Exit => {
      if (isHanging) throw new PointsmanError('EXEC_FAILED', { message: `${once.id} was killed: its time was up` });
      return { code: preDeploy === 'fails' ? 1 : 0, signal: null, outOfMemory: false, at: world.time.now };
    },
  });
  return orAbort(call, signal);
};

/** Work that takes long ends at once when it is cancelled. */
export const orAbort = <Answer>(call: Promise<Answer>, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });

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
