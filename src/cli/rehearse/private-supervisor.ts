import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorReport, PointsmanError } from '../../model/index.ts';
import { createSupervisorClient } from '../client/index.ts';
import type { Session } from '../session.ts';
import { socketOf } from '../settings.ts';
import { failureText } from '../show/failure.ts';
import { isAlive, killEverything, processesOf, reachSupervisor, takeDown } from '../supervisor/index.ts';

/** A supervisor with state, environment and port of its own, so that a rehearsal never disturbs what `up` runs. */
export interface PrivateSupervisor {
  readonly session: Session;
  /** Stops and removes all of it, volumes and state included. Does not look at the first Ctrl-C, hurries at the second. */
  end(): Promise<void>;
}

export const startPrivateSupervisor = async (outer: Session): Promise<PrivateSupervisor> => {
  const settings = {
    ...outer.settings,
    stateDir: join(outer.settings.stateDir, 'rehearsal'),
    environment: 'rehearsal',
    http: outer.settings.http ?? '127.0.0.1:0',
  };
  const session = { ...outer, settings, client: createSupervisorClient(socketOf(settings)) };
  await removeLeftovers(session);
  await takeOwnership(settings.stateDir);
  try {
    await reachSupervisor(session);
    const pids = processesOf(await session.client.status(session.environment.interrupts.second));
    return { session, end: () => endEverything(session, pids) };
  } catch (error) {
    await rm(settings.stateDir, { recursive: true, force: true });
    throw error;
  }
};

/** A rehearsal that was killed could not tidy up: its successor does. One that still runs is left alone. */
const removeLeftovers = async (session: Session): Promise<void> => {
  const { stateDir } = session.settings;
  if (!existsSync(stateDir)) return;
  const owner = Number(await readFile(ownerFile(stateDir), 'utf8').catch(() => ''));
  if (owner > 0 && owner !== process.pid && isAlive(owner)) {
    throw new PointsmanError('SUPERVISOR_RUNNING', {
      message: `Another rehearsal of this project is going on (process ${owner}).`,
      fix: 'Wait for its end, or give this one a state folder of its own with --state-dir.',
    });
  }
  session.output.note('a rehearsal was killed here before: tidying up first');
  await reachSupervisor(session);
  await takeDown(session, { volumes: true }, session.signal);
  await rm(stateDir, { recursive: true, force: true });
};

const endEverything = async (session: Session, pids: readonly number[]): Promise<void> => {
  const { stateDir } = session.settings;
  const { second } = session.environment.interrupts;
  // The first Ctrl-C has been heard: what is done from here on is what it asks for.
  const ending = { ...session, signal: second };
  try {
    // One that died meanwhile is started again: only a supervisor finds everything that still runs.
    await reachSupervisor(ending);
    await takeDown(ending, { volumes: true }, second);
  } catch (error) {
    const { output, environment } = session;
    if (!second.aborted) output.note(failureText(errorReport(error), output.noteColours, environment.cwd));
    if (!(await killEverything(session, pids))) {
      return output.note('its supervisor had to be killed; the next rehearsal removes what it may have left behind');
    }
  }
  await rm(stateDir, { recursive: true, force: true });
};

const takeOwnership = async (stateDir: string): Promise<void> => {
  await mkdir(stateDir, { recursive: true });
  await writeFile(ownerFile(stateDir), String(process.pid));
};

const ownerFile = (stateDir: string): string => join(stateDir, 'owner.pid');
