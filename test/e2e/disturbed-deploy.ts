import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import type { Project } from './project.ts';
import { ask, load } from './traffic.ts';

export interface Disturbance {
  readonly host: string;
  /** What the new version answers with. */
  readonly release: string;
  /** The reason of the event of this deploy at which it happens. */
  readonly moment: string;
  readonly happens: (event: Event) => Promise<unknown>;
  /** What can be seen once the verb has ended, or after a while, before anything is repaired. */
  readonly meanwhile?: () => Promise<void>;
  /** Once the verb has ended, whatever it said; or after a while, because it may wait for the repair. */
  readonly repair?: () => void;
}

const longestTroubleMs = 5000;

/** A deploy of `web` under load in which something goes wrong: it finishes or goes back, and nothing is lost either way. */
export const disturbedDeploy = async (project: Project, disturbance: Disturbance): Promise<'finished' | 'reverted'> => {
  const { host, release, moment, happens, meanwhile, repair } = disturbance;
  const url = await project.url();
  const calls = await load(url, host, 100);
  const known = (await project.events('web')).at(-1)?.sequence ?? 0;
  const events = new Lines(project.start('events', 'web', '--follow', '--json'));
  const deploy = new Lines(project.start('deploy', 'web', '--variable', `RELEASE=${release}`));
  try {
    const line = await events.find((each) => {
      const event = JSON.parse(each) as Event;
      return event.sequence > known && event.reason === moment;
    });
    await happens(JSON.parse(line) as Event);
    await Promise.race([deploy.end(), ...(repair === undefined ? [] : [delay(longestTroubleMs)])]);
    await meanwhile?.();
    repair?.();
    await project.settled('web');
    return (await ask(url, host)).body.includes(`"release":"${release}"`) ? 'finished' : 'reverted';
  } finally {
    await Promise.all([deploy.stop(), events.stop()]);
    const { sent, failed, failures } = await calls.stop();
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
    expect(sent).toBeGreaterThan(0);
  }
};
