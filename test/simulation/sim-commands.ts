import type { Engine, ExecResult } from '../../src/engine/index.ts';
import type { Exit, Hook, ReplicaId } from '../../src/model/index.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { Life } from './life.ts';
import type { Hooked } from './scenario.ts';
import type { World } from './world.ts';

const hook = (command: string, timeoutSeconds: number): Hook => ({ command, form: 'exec', timeoutSeconds });
export const handover = { command: hook('hand over', 4), check: hook('ask for its work', 6) } as const;

const foreverMs = 1e9;
const workMs = 500;

/** A one-off that hangs is killed when its time is up. */
export const runOnce = (
  world: World,
  life: Life,
  once: Parameters<Engine['runOnce']>[0],
  signal: AbortSignal,
): Promise<Exit> => {
  if (once.variables['RAILWAY_REPLICA_ID'] !== undefined) return drainCheck(world, life, once, signal);
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

/** A command in a replica that hangs goes on until its caller gives it up. */
export const drainCommand = (
  world: World,
  life: Life,
  replica: ReplicaId,
  signal: AbortSignal,
): Promise<ExecResult> => {
  const { containers, rules } = world;
  const container = containers.all.get(replica);
  const how: Hooked = container?.behaviour.drainCommand ?? 'fails';
  rules.beforeHook('drain command', replica, handover.command.timeoutSeconds);
  const call = life.call(signal, {
    words: `drain command in ${replica}`,
    key: `drain command ${replica}`,
    milliseconds: patience(world) + (how === 'hangs' ? foreverMs : workMs),
    refusal: () => refusal(world, 'run the drain command'),
    effect: (): ExecResult => {
      if (container?.state !== 'running')
        throw new PointsmanError('EXEC_FAILED', { message: `${replica} does not run` });
      return { exitCode: how === 'works' ? 0 : 1, output: '' };
    },
  });
  return orAbort(call, signal).finally(() => rules.afterHook('drain command', replica));
};

/** A one-off that hangs is killed by the engine when its time is up. */
const drainCheck = (
  world: World,
  life: Life,
  once: Parameters<Engine['runOnce']>[0],
  signal: AbortSignal,
): Promise<Exit> => {
  const replica = once.variables['RAILWAY_REPLICA_ID'] as ReplicaId;
  const { drainCheck: how } = world.behaviourOf(once.image);
  world.rules.beforeHook('drain check', replica, once.timeoutSeconds);
  const call = life.call(signal, {
    words: `drain check of ${replica}`,
    key: `drain check ${replica}`,
    milliseconds: patience(world) + (how === 'hangs' ? once.timeoutSeconds * 1000 : workMs),
    refusal: () => refusal(world, 'run the drain check'),
    effect: (): Exit => {
      if (how === 'hangs')
        throw new PointsmanError('EXEC_FAILED', { message: `${once.id} was killed: its time was up` });
      return { code: how === 'works' ? 0 : 1, signal: null, outOfMemory: false, at: world.timeOfDay };
    },
  });
  return orAbort(call, signal).finally(() => world.rules.afterHook('drain check', replica));
};

/** Work that takes long ends at once when it is cancelled. */
export const orAbort = <Answer>(call: Promise<Answer>, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });

/** An engine that hangs is given up on by its adapter after a minute. */
export const patience = ({ trouble, scenario }: World): number => {
  if (trouble.engineAway === 'hangs') return 60_000;
  return trouble.callMs ?? scenario.weather.callMs;
};

export const refusal = ({ trouble, random }: World, words: string): PointsmanError | undefined => {
  if (trouble.engineAway !== undefined) {
    return new PointsmanError('ENGINE_UNREACHABLE', { message: `the engine did not answer when asked to ${words}.` });
  }
  if (trouble.errShare > 0 && random.chance(trouble.errShare)) {
    return new PointsmanError('ENGINE_FAILED', { message: `the engine refused to ${words}` });
  }
  return undefined;
};
