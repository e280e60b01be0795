import type { Container } from './containers.ts';
import { errorReport, isFinished } from '../../src/model/index.ts';
import { earlierOf, keyOf } from './earlier.ts';
import type { Scenario, Sketch, StoryEvent } from './scenario.ts';
import { permitted } from './sketches.ts';
import { sendRequests } from './sim-traffic.ts';
import type { Told, Violation } from './world.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly digest: number;
  readonly told: readonly Told[];
  /** Virtual time that passed. */
  readonly milliseconds: number;
}

/** The longest that anything may take by its own deadlines once all is calm: a build that hangs. */
const longestCalmMs = 2 * 60 * 60 * 1000;
/** Until somebody comes to look at what waits for them. */
const patienceMs = 20_000;
/** A pause in which it is worth asking whether all has come right. */
const pauseMs = 900;

/** The longest story that anybody has seen took a tenth of it. */
const mostSteps = 200_000;

/** Runs one story to its end, or to the first broken rule. */
export const play = async (scenario: Scenario, isTelling = false): Promise<Outcome> => {
  const world = await worldOf(scenario, isTelling);
  const start = world.time.now;
  if (world.violation === undefined) await live(world);
  const { violation, digest, told } = world;
  return { violation, digest, told, milliseconds: world.time.now - start };
};

/** What happened before the story; one in which a rule was broken there is over already. */
const worldOf = async (scenario: Scenario, isTelling: boolean): Promise<World> => {
  if (scenario.before === undefined) return new World(scenario, isTelling);
  const earlier = await earlierWorld(earlierOf(scenario, scenario.before), isTelling);
  return earlier.violation === undefined ? new World(scenario, isTelling, earlier) : earlier;
};

/** Many stories go on from the same one, which is lived through once. */
const earlierWorld = async (scenario: Scenario, isTelling: boolean): Promise<World> => {
  const key = keyOf(scenario);
  const known = isTelling ? undefined : earlierWorlds.get(key);
  if (known !== undefined) return known;
  const world = new World(scenario, isTelling);
  await live(world);
  world.rest();
  if (!isTelling) earlierWorlds.set(key, world);
  return world;
};

const earlierWorlds = new Map<string, World>();

/** Until all has come right, or a rule is broken. */
const live = async (world: World): Promise<void> => {
  const { scenario } = world;
  const start = world.time.now;
  for (const event of scenario.events) world.time.after(event.at, () => happen(world, event));
  world.time.after(scenario.calmAt, () => calm(world));
  world.supervisorStarts();
  sendRequests(world);
  let steps = 0;
  for (;;) {
    await allReactions();
    if (world.violation !== undefined) break;
    const next = world.time.nextAt ?? Number.POSITIVE_INFINITY;
    const isCalm = world.time.now >= start + scenario.calmAt;
    if (isCalm && next - world.time.now >= pauseMs && world.rules.whatIsNotRight() === undefined) break;
    if (next > start + scenario.calmAt + longestCalmMs) {
      world.fail('all comes right', world.rules.whatIsNotRight() ?? 'nothing happens any more');
      break;
    }
    steps += 1;
    if (steps > mostSteps) world.fail('all comes right', 'it goes round in circles');
    world.time.step();
  }
  world.life.end();
};

/** A tick of Node comes when no promise has anything left to react to. */
export const allReactions = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** The faults have stopped, and the manifest is valid. */
const calm = (world: World): void => {
  world.tell('story', 'all is calm from here on');
  const wasAway = world.trouble.engineAway !== undefined;
  Object.assign(world.trouble, { engineAway: undefined, callMs: undefined, errShare: 0, events: 'told' });
  world.disk.isFull = false;
  world.life.arm(Number.POSITIVE_INFINITY, 'before', 0);
  world.proxy.comeBack();
  // Of events that were lost nobody ever hears: that something is amiss must be found without being told.
  if (wasAway) engineIsBack(world);
  if (world.manifest.isBroken) {
    world.manifest.isBroken = false;
    fileChanged(world);
  }
  answerQuestions(world);
};

/** What waits for a person is not stuck: sooner or later somebody says go on. */
const answerQuestions = (world: World): void => {
  for (const { rollout } of world.life.store?.all('rollouts') ?? []) {
    const kind = rollout.waitsFor === 'resume' ? 'resume' : 'promote';
    if (rollout.waitsFor !== undefined && !isFinished(rollout.phase))
      command(world, { at: 0, kind, service: rollout.service });
  }
  world.time.after(patienceMs, () => answerQuestions(world));
};

const happen = (world: World, event: StoryEvent): void => {
  world.tell('story', eventWords(event));
  switch (event.kind) {
    case 'edit': {
      const before = world.manifest.services.get(event.service);
      if (before === undefined) return;
      return put(world, permitted({ ...before, ...event.change }));
    }
    case 'leave':
      return leave(world, event);
    case 'manifest breaks':
    case 'manifest is repaired':
      world.manifest.isBroken = event.kind === 'manifest breaks';
      return fileChanged(world);
    case 'deploy':
    case 'rollback':
    case 'restart':
    case 'scale':
    case 'promote':
    case 'abort':
    case 'pause':
    case 'resume':
      return command(world, event);
    case 'supervisor dies':
      return world.supervisorDies('suddenly', event.forMs);
    case 'supervisor restarts':
      return void world.supervisorRestarts(event.forMs);
    case 'supervisor dies at':
      return world.life.arm(event.call, event.when, event.forMs);
    default:
      return trouble(world, event);
  }
};

type Command = Extract<StoryEvent, { kind: CommandName }>;
type CommandName = 'deploy' | 'rollback' | 'restart' | 'scale' | 'promote' | 'abort' | 'pause' | 'resume';
type Troublesome = Exclude<
  StoryEvent,
  Command | { kind: 'edit' | 'leave' | 'manifest breaks' | 'manifest is repaired' } | { kind: `supervisor ${string}` }
>;

const put = (world: World, sketch: Sketch): void => {
  world.manifest.services = new Map([...world.manifest.services, [sketch.name, sketch]]);
  fileChanged(world);
};

const leave = (world: World, { service, forMs }: Extract<StoryEvent, { kind: 'leave' }>): void => {
  const before = world.manifest.services.get(service);
  if (before === undefined) return;
  world.manifest.services = new Map([...world.manifest.services].filter(([name]) => name !== service));
  fileChanged(world);
  if (forMs !== undefined) world.time.after(forMs, () => put(world, before));
};

const fileChanged = (world: World): void => {
  world.rules.afterAsking();
  world.onFileChange();
};

const command = (world: World, event: Command): void => {
  const { life, supervisor } = world;
  if (!life.isAlive || supervisor === undefined || !world.hasStarted) return;
  world.rules.afterAsking();
  const asked = new AbortController().signal;
  const ask = (): Promise<unknown> => {
    switch (event.kind) {
      case 'deploy':
        return supervisor.deploy({ services: [event.service], variables: {} }, asked);
      case 'rollback':
        return supervisor.rollback({ service: event.service }, asked);
      case 'restart':
        return supervisor.restart({ service: event.service }, asked);
      case 'scale':
        return supervisor.scale({ service: event.service, replicas: event.replicas });
      case 'promote':
      case 'abort':
      case 'pause':
      case 'resume':
        return supervisor[event.kind]({ service: event.service });
    }
  };
  ask().catch((error: unknown) => life.isAlive && world.tell('user', `is refused: ${errorReport(error).message}`));
};

const trouble = (world: World, event: Troublesome): void => {
  const { containers, trouble: at, time } = world;
  switch (event.kind) {
    case 'replica ends':
      return ofRunning(world, event.which, (container) => containers.end(container, event.how));
    case 'replica hangs':
      return ofRunning(world, event.which, (container) => {
        container.hangs = true;
        if (event.forMs !== undefined) world.time.after(event.forMs, () => (container.hangs = false));
      });
    case 'replica removed by hand':
      return ofRunning(world, event.which, (container) => containers.remove(container.id));
    case 'image removed by hand':
      return world.rules.afterImageLost([...containers.images][event.which % Math.max(1, containers.images.size)]);
    case 'engine away':
      at.engineAway = event.hangs ? 'hangs' : 'refuses';
      world.wasSlow ||= event.hangs;
      if (!event.hangs) containers.tell({ kind: 'unreachable', reason: 'the engine is gone' });
      return void time.after(event.forMs, () => engineIsBack(world));
    case 'engine restarts':
      at.engineAway = 'refuses';
      containers.tell({ kind: 'unreachable', reason: 'the engine restarts' });
      for (const container of containers.all.values()) containers.end(container, 'is killed');
      return void time.after(event.forMs, () => engineIsBack(world));
    case 'engine slow':
      at.callMs = event.callMs;
      world.wasSlow = true;
      return void time.after(event.forMs, () => (at.callMs = undefined));
    case 'engine errs':
      at.errShare = event.share;
      return void time.after(event.forMs, () => (at.errShare = 0));
    case 'events lost':
    case 'events doubled':
      at.events = event.kind === 'events lost' ? 'lost' : 'doubled';
      return void time.after(event.forMs, () => (at.events = 'told'));
    case 'disk full':
      world.disk.isFull = true;
      world.disk.fullUntil = Math.max(world.disk.fullUntil, time.now + event.forMs);
      return void time.after(event.forMs, () => (world.disk.isFull = false));
    case 'clock set back':
      world.clockBehindMs += event.byMs;
      return;
    case 'machine sleeps':
      return world.life.sleep(event.byMs);
    case 'proxy dies':
      world.proxy.die();
      return void time.after(event.forMs, () => world.proxy.comeBack());
  }
};

const engineIsBack = ({ trouble: at, containers }: World): void => {
  at.engineAway = undefined;
  containers.tell({ kind: 'resync', reason: 'the engine is back' });
};

const ofRunning = ({ containers }: World, which: number, act: (container: Container) => void): void => {
  const running = [...containers.all.values()].filter(({ state }) => state === 'running');
  const container = running[which % Math.max(1, running.length)];
  if (container !== undefined) act(container);
};

/** As a reader of the story needs it. */
export const eventWords = (event: StoryEvent): string => {
  const { at: _at, kind, ...more } = event;
  if (kind === 'edit' && 'change' in more) {
    const { service, change } = more;
    const { policy, ...others } = change;
    const parts = [
      ...(policy === undefined ? [] : [policy.strategy]),
      ...(Object.keys(others).length > 0 ? [JSON.stringify(others)] : []),
    ];
    return `${service} is edited: ${parts.join(', ')}`;
  }
  const details = Object.entries(more).map(([name, value]) => `${name} ${String(value)}`);
  return [kind, ...details].join(', ');
};
