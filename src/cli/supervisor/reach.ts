import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PointsmanError } from '../../model/index.ts';
import type { StatusReport } from '../../protocol/index.ts';
import type { Session } from '../session.ts';
import { createSupervisorClient } from '../client/index.ts';
import { socketOf } from '../settings.ts';
import type { Settings } from '../settings.ts';
import { openBusy } from '../terminal/busy.ts';
import { launchSupervisor } from './launch.ts';
import { forgetLaunch, recallLaunch, rememberLaunch } from './last-launch.ts';
import { processesOf, untilEnded } from './take-down.ts';

/** undefined: it ran already. */
export type Launched = ChildProcess | undefined;

/** Makes sure that a supervisor answers: the one that runs, or a new one. */
export const reachSupervisor = async (session: Session, { catchUp } = { catchUp: false }): Promise<Launched> => {
  const running = await runningSupervisor(session);
  if (running !== undefined) {
    refuseOther(running, session.settings);
    await openAsked(session);
    return undefined;
  }
  const { environment, output, signal } = session;
  const busy = openBusy(environment, output, 'starting the supervisor');
  try {
    const { programs, variables, interrupts } = environment;
    const settings = await recallLaunch(session.settings);
    const launched = await launchSupervisor({ programs, variables, settings, signal: interrupts.second, catchUp });
    await rememberLaunch(settings);
    if (!signal.aborted) return launched;
    // Ctrl-C while it started: one that is up can be ended in order, its proxy included.
    await endLaunched(session, launched);
    throw signal.reason;
  } catch (error) {
    // Somebody else was faster by a moment; theirs is as good.
    if (!isCode(error, 'SUPERVISOR_RUNNING') || (await runningSupervisor(session)) === undefined) throw error;
    return undefined;
  } finally {
    busy.end();
  }
};

/** The supervisor that runs looks after one more environment, where it doesn't yet. */
const openAsked = async ({ client, settings, signal }: Session): Promise<void> => {
  const { environment: name } = settings;
  if (name !== undefined) await client.openEnvironment({ name }, signal);
};

/** For questions that can be answered without anything running: a supervisor started for it ends afterwards. */
export const askSupervisor = async <Answer>(session: Session, question: () => Promise<Answer>): Promise<Answer> => {
  const launched = await reachAnyhow(session);
  try {
    return await question();
  } finally {
    if (launched !== undefined) await endLaunched(session, launched);
  }
};

/** Another project may have the port: that is no reason not to answer. A proxy that serves here has its port already. */
const reachAnyhow = async (session: Session): Promise<Launched> => {
  try {
    return await reachSupervisor(session);
  } catch (error) {
    if (!isCode(error, 'PORT_TAKEN')) throw error;
    return reachSupervisor({ ...session, settings: { ...session.settings, http: '127.0.0.1:0' } });
  }
};

/** Ends a supervisor that this process started. What it supervises goes on; where that is nothing, its proxy ends too. */
export const endLaunched = async (session: Session, launched: ChildProcess): Promise<void> => {
  launched.ref();
  if (launched.exitCode !== null || launched.signalCode !== null) return;
  const ended = once(launched, 'exit');
  await letGo(session).catch(() => launched.kill('SIGTERM'));
  await ended;
};

const letGo = async ({ client, environment, settings }: Session): Promise<void> => {
  // The user may have pressed Ctrl-C: that must not keep us from tidying up.
  const signal = environment.interrupts.second;
  const [status, environments] = [await client.status(signal), await client.environments(signal)];
  if (!hasNothing(status) || environments.length > 1) return client.shutdown(signal);
  await client.down({ volumes: false }, signal);
  await untilEnded(processesOf(status));
  await forgetLaunch(settings);
};

const hasNothing = ({ engine, services }: StatusReport): boolean =>
  engine.reachable && services.every(({ replicas, revision }) => replicas.length === 0 && revision === undefined);

export const runningSupervisor = async (session: Session): Promise<StatusReport | undefined> => {
  try {
    return await createSupervisorClient(socketOf(session.settings)).status(session.signal);
  } catch (error) {
    if (isCode(error, 'SUPERVISOR_UNREACHABLE')) return undefined;
    throw error;
  }
};

const isCode = (error: unknown, code: PointsmanError['code']): boolean =>
  error instanceof PointsmanError && error.code === code;

/** An option that the running one does not follow must not be ignored silently. */
const refuseOther = (running: StatusReport, asked: Settings): void => {
  const differs =
    asked.engine !== undefined && asked.engine !== running.engine.kind
      ? `the ${running.engine.kind} engine`
      : undefined;
  if (differs === undefined) return;
  throw new PointsmanError('USAGE', {
    message: `The supervisor that runs here has ${differs}.`,
    fix: 'End it first with `pointsman down`, or give the new one a state folder of its own with --state-dir.',
  });
};
