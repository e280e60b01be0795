import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { DownRequest, StatusReport } from '../../protocol/index.ts';
import type { Session } from '../session.ts';
import { openBusy } from '../terminal/busy.ts';
import { forgetLaunch } from './last-launch.ts';

const endsWithinMs = 15_000;
const killsWithinMs = 10_000;
const lookEveryMs = 20;

/** Stops and removes everything, shows what happens meanwhile, and returns when supervisor and proxy are gone too. */
export const takeDown = async (session: Session, request: DownRequest, signal: AbortSignal): Promise<void> => {
  const pids = (await isForAll(session)) ? processesOf(await session.client.status(signal)) : [];
  const watching = new AbortController();
  const shown = showEvents(session, AbortSignal.any([signal, watching.signal]));
  try {
    await session.client.down(request, signal);
    await untilEnded(pids);
    if (pids.length > 0) await forgetLaunch(session.settings);
  } finally {
    watching.abort();
    await shown;
  }
};

/** With one of several environments gone, supervisor and proxy go on for the others. */
const isForAll = async ({ client, settings, signal }: Session): Promise<boolean> =>
  settings.environment === undefined || (await client.environments(signal)).length === 1;

/** The same at once, without draining, signals or patience. False when a process had to be killed: then replicas may be left. */
export const killEverything = async (session: Session, pids: readonly number[]): Promise<boolean> => {
  session.output.note('killing everything');
  const tooLate = AbortSignal.timeout(killsWithinMs);
  // An orderly removal is going on beside it; whichever wins, what counts is that the processes end.
  await session.client.down({ volumes: true, now: true }, tooLate).catch(() => {});
  await untilEnded(pids, tooLate);
  const left = pids.filter(isAlive);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  return left.length === 0;
};

/** Supervisor and proxy. */
export const processesOf = ({ supervisor, proxy }: StatusReport): readonly number[] =>
  proxy === undefined ? [supervisor.pid] : [supervisor.pid, proxy.pid];

/**
 * The connection's end says that the API closed, not that the processes are gone and their folder free (a Node process
 * writes its compile cache as the last thing it does); nothing tells the end of a process that isn't our child.
 */
export const untilEnded = async (
  pids: readonly number[],
  tooLate = AbortSignal.timeout(endsWithinMs),
): Promise<void> => {
  while (pids.some(isAlive) && !tooLate.aborted) await delay(lookEveryMs);
};

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0) && !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Ended, but not yet collected: the first process of a container may take its time about that. */
const isZombie = (pid: number): boolean => {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // no /proc on this system
  }
};

const showEvents = async (session: Session, signal: AbortSignal): Promise<void> => {
  const busy = openBusy(session.environment, session.output, 'stopping and removing everything');
  try {
    for await (const event of session.client.events({ follow: true, tail: 0 }, signal)) {
      if (session.output.redraws || event.reason === 'ReplicaRemoved') busy.say(event.message);
    }
  } catch {
    // The stream breaks when the supervisor ends; whether that was in order is seen by the request itself.
  } finally {
    busy.end();
  }
};
