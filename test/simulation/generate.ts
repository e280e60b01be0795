import { Random } from './random.ts';
import { anyReplicas, otherPolicy, anySketch } from './sketches.ts';
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
  ['web', 'api', 'job'].slice(0, count).map((name, index) => anySketch(random, name, index));

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
  if (random.beside.chance(0.08)) events.push(machineSleeps(random.beside, spanMs));
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

const machineSleeps = (random: Random, spanMs: number): StoryEvent => ({
  at: random.between(0, spanMs),
  kind: 'machine sleeps',
  byMs: random.pick([90_000, 8 * 3_600_000]),
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
      return { kind: 'leave', service, ...(random.chance(0.5) && { forMs: random.pick([500, 9500, 15_000]) }) };
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
  const policy = otherPolicy(random);
  const volume = !services.some((one) => one.name === service && one.volume);
  const changes: [Partial<Sketch>, ...Partial<Sketch>[]] = [
    { version, policy },
    { policy },
    { domain: `${service}${random.between(1, 3)}.localhost` },
    { replicas: anyReplicas(random) },
    { version, replicas: anyReplicas(random) },
    { version, policy, replicas: anyReplicas(random), volume },
  ];
  return { kind: 'edit', service, change: random.pick(changes) };
};

const fault = (random: Random, forMs: number): Unplaced => {
  const which = random.between(0, 5);
  switch (random.between(0, 15)) {
    case 0:
      return { kind: 'replica ends', which, how: random.pick(ends) };
    case 1:
      return { kind: 'replica hangs', which, ...(random.chance(0.5) && { forMs }) };
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
