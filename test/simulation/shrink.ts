import { play } from './play.ts';
import { polite } from './scenario.ts';
import type { Behaviour, Scenario, Weather } from './scenario.ts';

const calmWeather: Weather = { callMs: 1, looksAreOld: false, callsOutliveCaller: false };

/** The shortest and mildest story that still breaks the same rule: parts are left out one by one for as long as it does. */
export const shrink = async (scenario: Scenario): Promise<Scenario> => {
  const rule = (await play(scenario)).violation?.rule;
  if (rule === undefined) return scenario;
  let shortest = scenario;
  for (let isShorter = true; isShorter;) {
    isShorter = false;
    for (const milder of milderOnes(shortest)) {
      if ((await play(milder)).violation?.rule !== rule) continue;
      shortest = milder;
      isShorter = true;
      break;
    }
  }
  return shortest;
};

function* milderOnes(scenario: Scenario): Generator<Scenario> {
  for (const event of scenario.events) {
    yield { ...scenario, events: scenario.events.filter((other) => other !== event) };
  }
  for (const { name } of scenario.services.slice(1)) yield without(scenario, name);
  for (const [index, service] of scenario.services.entries()) {
    const milder = [
      ...(service.replicas > 1 ? [{ ...service, replicas: service.replicas - 1 }] : []),
      ...(service.preDeploy ? [{ ...service, preDeploy: false }] : []),
      ...(service.dependsOn.length > 0 ? [{ ...service, dependsOn: [] }] : []),
    ];
    for (const one of milder) yield { ...scenario, services: scenario.services.with(index, one) };
  }
  if (!isEqual(scenario.weather, calmWeather)) yield { ...scenario, weather: calmWeather };
  for (const [number, behaviour] of scenario.versions.entries()) {
    for (const milder of milderVersions(behaviour)) {
      yield { ...scenario, versions: scenario.versions.with(number, milder) };
    }
  }
}

function* milderVersions(behaviour: Behaviour): Generator<Behaviour> {
  if (isEqual(behaviour, polite)) return;
  yield polite;
  for (const key of Object.keys(polite) as (keyof Behaviour)[]) {
    if (behaviour[key] !== polite[key]) yield { ...behaviour, [key]: polite[key] };
  }
}

const without = (scenario: Scenario, name: string): Scenario => ({
  ...scenario,
  services: scenario.services
    .filter((service) => service.name !== name)
    .map((service) => ({ ...service, dependsOn: service.dependsOn.filter((other) => other !== name) })),
  events: scenario.events.filter((event) => !('service' in event) || event.service !== name),
});

const isEqual = (one: object, other: object): boolean => JSON.stringify(one) === JSON.stringify(other);
