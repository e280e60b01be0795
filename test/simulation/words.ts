import type { Scenario } from './scenario.ts';
import type { Told } from './world.ts';

/** A run as people read it: what there was, then what happened, second by second. */
export const storyWords = ({ services, versions, weather }: Scenario, told: readonly Told[]): string =>
  [
    ...services.map(({ name, version, policy, replicas, dependsOn, volume }) =>
      [
        `${name}: ${replicas} × version ${version}, ${policy.strategy}`,
        ...(dependsOn.length > 0 ? [`needs ${dependsOn.join(', ')}`] : []),
        ...(volume ? [version % 2 === 0 ? 'with a volume' : 'with a host port'] : []),
        `overlap ${policy.overlapSeconds} s, drain ${policy.drain.timeoutSeconds} s, restarts ${policy.restart.when}`,
      ].join('; '),
    ),
    ...versions.map((version, number) => `version ${number}: ${JSON.stringify(version)}`),
    `a call takes ${weather.callMs} ms${weather.looksAreOld ? ', looks are old' : ''}${weather.callsOutliveCaller ? ', calls outlive their caller' : ''}`,
    ...told.map(
      ({ at, who, words }) => `${(at / 1000).toFixed(3).padStart(10)} s  ${who}: ${words.replaceAll('\n', ' / ')}`,
    ),
  ].join('\n');
