import type { Random } from './random.ts';
import type { Behaviour, End } from './scenario.ts';

/** The first one works most of the time: there must be something to lose. */
export const firstVersion = (random: Random): Behaviour => (random.chance(0.9) ? sound(random) : anyVersion(random));

export const sound = (random: Random): Behaviour => ({
  build: 'works',
  buildMs: random.pick([0, 50, 3000]),
  preDeploy: 'works',
  bootMs: random.pick([0, 100, 2500, 9000]),
  start: 'works',
  neverReady: false,
  ends: undefined,
  ignoresSigterm: random.chance(0.15),
  stopMs: random.pick([0, 200, 1500]),
  inFlight: random.pick([0, 2]),
  finishMs: random.pick([0, 1000, 20_000]),
  check: undefined,
  drainCommand: random.beside.pick(['works', 'works', 'fails', 'hangs']),
  drainCheck: random.beside.pick(['works', 'works', 'fails', 'hangs']),
  errors: 0,
  answerMs: random.beside.pick([10, 10, 10, 20]),
});

export const ends: [End, ...End[]] = ['exits with 0', 'exits with 1', 'is killed', 'runs out of memory'];

export const anyVersion = (random: Random): Behaviour => {
  const good = sound(random);
  switch (random.between(0, 9)) {
    case 0:
      return { ...good, build: random.chance(0.5) ? 'hangs' : 'fails' };
    case 1:
      return { ...good, preDeploy: random.pick(['fails', 'hangs']) };
    case 2:
      return { ...good, start: 'fails' };
    case 3:
      return { ...good, neverReady: true };
    case 4:
      return {
        ...good,
        ends: { afterMs: random.pick([50, 5000, 30_000]), how: random.pick(ends), attempts: random.pick([1, 1000]) },
      };
    default:
      return strange(random.beside, good);
  }
};

/** Runs well, and is not what its users or its checks want. */
const strange = (random: Random, good: Behaviour): Behaviour => {
  switch (random.between(0, 8)) {
    case 0:
    case 1:
      return { ...good, ...random.pick([{ errors: 0.5 }, { errors: 0.5 }, { errors: 0.01 }, { answerMs: 300 }]) };
    case 2:
    case 3:
      return {
        ...good,
        check: {
          stage: random.pick(['before', 'smoke', 'during', 'during', 'after']),
          how: random.pick(['badly', 'badly at first', 'never', 'now well, now badly']),
        },
      };
    default:
      return good;
  }
};
