import type { CheckStage, RolloutPolicy } from '../../src/model/index.ts';
import { bluegreen, canary, rolling, singleton, stopStart } from '../plan/policies.ts';
import { Random } from './random.ts';
import { handover } from './sim-commands.ts';
import { anyVersion, ends, firstVersion, sound } from './versions.ts';
import type { Behaviour, Scenario, Sketch, StoryEvent, Weather } from './scenario.ts';

/** Every seed is a story: most begin where others ended, for there is most to lose; some begin with nothing. */
export const generate = (seed: number): Scenario => {
  const random = new Random(seed);
  return random.chance(0.2) ? fromNothing(seed, random) : afterwards(seed, random);
};

const fromNothing = (seed: number, random: Random): Scenario => {
  const isLong = random.chance(0.3);
  const count = isLong ? random.pick([1, 2, 2, 3]) : 1;
  const services = sketches(random, count);
  const versions: Behaviour[] = [firstVersion(random)];
  const spanMs = isLong ? random.pick([10_000, 40_000, 120_000]) : random.pick([5000, 20_000]);
  const events = happenings(random, { services, versions, spanMs, most: isLong ? 4 : 2 });
  return { seed, services, versions, weather: weather(random), events, calmAt: calmAfter(events) };
};

const afterwards = (seed: number, random: Random): Scenario => {
  const beginning = beginningOf(random.between(1, beginningCount));
  const versions = [...beginning.versions];
  const isLong = random.chance(0.2);
  const spanMs = isLong ? random.pick([10_000, 40_000]) : random.pick([500, 4000]);
  const others = happenings(random, { services: beginning.services, versions, spanMs, most: isLong ? 3 : 1 });
  // Most of what can go wrong goes wrong while something is replaced.
  const events = random.chance(0.7) ? [nextVersion(random, beginning.services, versions), ...others] : others;
  return { ...beginning, seed, versions, events, calmAt: calmAfter(events) };
};

/** So many that all kinds of services are among them, and so few that each is lived through once for many stories. */
const beginningCount = 500;

type Beginning = Pick<Scenario, 'services' | 'versions' | 'weather'> & Required<Pick<Scenario, 'before'>>;

const beginnings = new Map<number, Beginning>();

/** One or two versions of each service that went well. */
const beginningOf = (number: number): Beginning => {
  const known = beginnings.get(number) ?? newBeginning(new Random(-number));
  beginnings.set(number, known);
  return known;
};

const newBeginning = (random: Random): Beginning => {
  const services = sketches(random, random.pick([1, 1, 1, 1, 2, 3]));
  const hasSecond = random.chance(0.5);
  const edit: StoryEvent = { at: 60_000, kind: 'edit', service: 'web', change: { version: 1 } };
  return {
    services,
    versions: hasSecond ? [sound(random), sound(random)] : [sound(random)],
    weather: weather(random),
    before: hasSecond ? [edit] : [],
  };
};

const sketches = (random: Random, count: number): readonly Sketch[] =>
  ['web', 'api', 'job'].slice(0, count).map((name, index) => sketch(random, name, index));

interface Stage {
  readonly services: readonly Sketch[];
  readonly versions: Behaviour[];
  readonly spanMs: number;
  readonly most: number;
}

const happenings = (random: Random, { services, versions, spanMs, most }: Stage): readonly StoryEvent[] => {
  const events: StoryEvent[] = Array.from({ length: random.between(1, most) }, () => {
    const at = random.between(0, spanMs);
    return { at, ...happening(random, services, versions) };
  });
  if (random.beside.chance(0.08)) events.push(clockSetBack(random.beside, spanMs));
  if (random.beside.chance(0.08)) events.push(...conversation(random.beside, { services, versions, spanMs }));
  return events.sort((one, other) => one.at - other.at);
};

const nextVersion = (random: Random, services: readonly Sketch[], versions: Behaviour[]): StoryEvent => {
  versions.push(anyVersion(random));
  return { at: 0, kind: 'edit', service: random.pick(names(services)), change: { version: versions.length - 1 } };
};

/** When what happens for a while is over, and what waits for a number of effects has had its time. */
const calmAfter = (events: readonly StoryEvent[]): number =>
  Math.max(
    ...events.map(
      (event) => event.at + (event.kind === 'supervisor dies at' ? 20_000 : 'forMs' in event ? event.forMs : 0),
    ),
  ) + 1000;

const clockSetBack = (random: Random, spanMs: number): StoryEvent => ({
  at: random.between(0, spanMs),
  kind: 'clock set back',
  byMs: random.pick([90_000, 4 * 3_600_000]),
});

/** Two versions that work, one after the other, and somebody says something about the second. */
const conversation = (
  random: Random,
  story: { readonly services: readonly Sketch[]; readonly versions: Behaviour[]; readonly spanMs: number },
): readonly StoryEvent[] => {
  const service = random.pick(names(story.services));
  const edit = (at: number): StoryEvent => ({
    at,
    kind: 'edit',
    service,
    change: { version: story.versions.push(sound(random)) - 1 },
  });
  const first = random.between(0, story.spanMs / 2);
  const second = first + random.between(500, 15_000);
  const kind = random.pick<'promote' | 'abort' | 'pause' | 'rollback'>([
    'promote',
    'abort',
    'pause',
    'rollback',
    'rollback',
  ]);
  return [edit(first), edit(second), { at: second + random.between(0, 15_000), kind, service }];
};

const names = (services: readonly Sketch[]): [string, ...string[]] => [
  'web',
  ...services.slice(1).map(({ name }) => name),
];

const sketch = (random: Random, name: string, index: number): Sketch => {
  const volume = random.chance(0.1);
  const policy = volume ? exclusive(random) : anyPolicy(random);
  return {
    name,
    version: 0,
    policy,
    replicas: volume || policy.strategy === 'singleton' ? 1 : random.pick([1, 1, 1, 2, 2, 3]),
    dependsOn: index > 0 && random.chance(0.5) ? ['web'] : [],
    volume,
    preDeploy: random.chance(0.15),
    domain: `${name}.localhost`,
    checks: checks(random),
    requests: isJudged(policy) ? random.beside.pick([0, 5, 10]) : 0,
  };
};

/** Nobody keeps account of other services' requests. */
const isJudged = ({ canary: steps, bakeSeconds }: RolloutPolicy): boolean =>
  steps !== undefined || bakeSeconds !== undefined;

const checks = (random: Random): readonly CheckStage[] => {
  if (random.beside.chance(0.65)) return [];
  return (['before', 'smoke', 'during', 'after'] as const).filter(() => random.beside.chance(0.5));
};

const anyPolicy = (random: Random): RolloutPolicy =>
  varied(random, random.pick([bluegreen, bluegreen, rolling, rolling, stopStart, singleton, canary]));

const exclusive = (random: Random): RolloutPolicy => varied(random, random.pick([stopStart, singleton]));

const varied = (random: Random, base: RolloutPolicy): RolloutPolicy => ({
  ...base,
  ...(base.strategy === 'rolling' && random.chance(0.5) && { batch: anyBatch(random) }),
  gate: { ...base.gate, deadlineSeconds: 20, successes: random.pick([1, 1, 2]) },
  ...(base.canary !== undefined && { canary: { ...base.canary, steps: steps(random) } }),
  ...(base.analysis !== undefined && {
    analysis: { ...base.analysis, onNoSample: random.pick(['promote', 'abort', 'hold']) },
  }),
  ...(base.strategy === 'blue-green' && random.chance(0.2) && { promotion: 'manual' as const }),
  ...(base.order === 'start-first' && random.chance(0.2) && { bakeSeconds: 8 }),
  overlapSeconds: random.pick([0, 0, 3]),
  drain: { ...base.drain, timeoutSeconds: random.pick([2, 6]) },
  stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 3 }] },
  restart: {
    when: random.pick(['always', 'always', 'on-failure', 'never']),
    maxRetries: 2,
    backoff: { baseSeconds: 1, factor: 2, capSeconds: 10, resetAfterSeconds: 60 },
  },
  progressDeadlineSeconds: random.pick([60, 600]),
  ...(random.beside.chance(0.12) && { handover: handoverOf(random) }),
});

const handoverOf = (random: Random): NonNullable<RolloutPolicy['handover']> =>
  random.beside.pick<NonNullable<RolloutPolicy['handover']>>([
    handover,
    { command: handover.command },
    { check: handover.check },
  ]);

const steps = (random: Random): NonNullable<RolloutPolicy['canary']>['steps'] => [
  { percent: 10, pause: random.chance(0.5) ? 5 : 'promote' },
  { percent: 50, pause: 5 },
];

const anyBatch = (random: Random): RolloutPolicy['batch'] => ({
  surge: { kind: 'count', count: random.between(0, 2) },
  unavailable: random.chance(0.5)
    ? { kind: 'count', count: random.between(0, 1) }
    : { kind: 'percent', percent: 50, round: random.pick(['up', 'down']) },
});

const weather = (random: Random): Weather => ({
  callMs: random.pick([0, 1, 20, 300]),
  looksAreOld: random.chance(0.5),
  callsOutliveCaller: random.chance(0.5),
});

const happening = (random: Random, services: readonly Sketch[], versions: Behaviour[]): Unplaced => {
  const service = random.pick(names(services));
  const next = (): number => versions.push(anyVersion(random)) - 1;
  // Somebody takes back what he did.
  const nextOrEarlier = (): number => {
    const fresh = next();
    return random.beside.chance(0.15) ? random.beside.between(0, fresh - 1) : fresh;
  };
  const forMs = random.pick([500, 4000, 15_000]);
  switch (random.between(0, 23)) {
    case 0:
      return { kind: 'leave', service };
    case 1:
      return { kind: 'manifest breaks' };
    case 2:
      return { kind: random.pick(['deploy', 'rollback', 'restart', 'promote', 'abort', 'pause', 'resume']), service };
    case 3:
      return { kind: 'scale', service, replicas: random.between(1, 3) };
    case 4:
    case 5:
      return edit(random, services, { service, version: next() });
    case 6:
    case 7:
    case 8:
    case 9:
      return { kind: 'edit', service, change: { version: nextOrEarlier() } };
    default:
      return fault(random, forMs);
  }
};

type Unplaced = StoryEvent extends infer Event ? (Event extends StoryEvent ? Omit<Event, 'at'> : never) : never;

const edit = (random: Random, services: readonly Sketch[], what: { service: string; version: number }): Unplaced => {
  const { service, version } = what;
  const isAlone = services.some((one) => one.name === service && (one.volume || one.policy.strategy === 'singleton'));
  const policy = isAlone ? exclusive(random) : varied(random, random.pick([bluegreen, rolling, stopStart, canary]));
  const changes: [Partial<Sketch>, ...Partial<Sketch>[]] = [
    { version, policy },
    { policy },
    { domain: `${service}${random.between(1, 3)}.localhost` },
    ...(isAlone ? [] : [{ replicas: random.between(1, 3) }, { version, replicas: random.between(1, 3) }]),
  ];
  return { kind: 'edit', service, change: random.pick(changes) };
};

const fault = (random: Random, forMs: number): Unplaced => {
  const which = random.between(0, 5);
  switch (random.between(0, 15)) {
    case 0:
      return { kind: 'replica ends', which, how: random.pick(ends) };
    case 1:
      return { kind: 'replica hangs', which };
    case 2:
      return { kind: 'replica removed by hand', which };
    case 3:
      return { kind: 'image removed by hand', which };
    case 4:
      return { kind: 'engine away', forMs, hangs: random.chance(0.3) };
    case 5:
      return { kind: 'engine restarts', forMs };
    case 6:
      return { kind: 'engine slow', forMs, callMs: random.pick([500, 4000]) };
    case 7:
      return { kind: 'engine errs', forMs, share: random.pick([0.1, 0.5, 1]) };
    case 8:
      return { kind: random.pick(['events lost', 'events doubled']), forMs };
    case 9:
      return { kind: 'disk full', forMs };
    case 10:
      return { kind: 'proxy dies', forMs };
    case 11:
      return { kind: random.pick(['supervisor dies', 'supervisor restarts']), forMs };
    default:
      return {
        kind: 'supervisor dies at',
        call: random.between(1, random.pick([15, 60])),
        when: random.pick(['before', 'after']),
        forMs,
      };
  }
};
