import { errorCodes, isFinished, PointsmanError } from '../../model/index.ts';
import type { Rollout } from '../../model/index.ts';
import type { DeployReport, DeployResult } from '../../protocol/index.ts';
import type { SupervisorClient } from '../client/index.ts';
import type { Session } from '../session.ts';
import { failureText } from '../show/failure.ts';
import type { ReadyCounts } from './deploy-lines.ts';
import { openDeployView } from './deploy-view.ts';

/**
 * Follows a deploy to its end, or to where nothing goes on without a person; shows it, prints what failed or is waited
 * for, and returns the exit code.
 */
export const followDeploy = async (session: Session, result: DeployResult): Promise<number> => {
  const { output } = session;
  if (result.rollouts.length === 0) {
    if (output.wantsJson) output.json(unchanged(result.deployId));
    else output.note('nothing changed');
    return 0;
  }
  const report = await showWhileItMoves(session, result.deployId);
  if (output.wantsJson) output.json(report);
  else printOutcome(session, report);
  return exitCodeOf(report);
};

const showWhileItMoves = async (session: Session, deployId: string): Promise<DeployReport> => {
  const view = openDeployView(session.environment, session.output);
  const ready = new ReadyWatch(session.client, session.signal);
  let newest: DeployReport | undefined;
  const show = (): void => {
    if (newest !== undefined) view.show({ report: newest, counts: ready.counts });
  };
  try {
    for await (const report of session.client.followDeploy(deployId, session.signal)) {
      newest = report;
      show();
      ready.refresh(show);
      if (waitsForSomebody(report)) break;
    }
    await ready.settled();
    show();
  } finally {
    view.close();
  }
  session.signal.throwIfAborted();
  if (newest !== undefined && (newest.finished || waitsForSomebody(newest))) return newest;
  throw new PointsmanError('SUPERVISOR_UNREACHABLE', {
    message: 'The supervisor ended before the deploy did.',
    fix: 'See supervisor.log in the state folder; `pointsman up` carries on where it stopped.',
  });
};

/** Reads the replica counts again whenever asked, one question at a time. */
class ReadyWatch {
  readonly #client: SupervisorClient;
  readonly #signal: AbortSignal;
  #counts: ReadyCounts = new Map();
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(client: SupervisorClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  get counts(): ReadyCounts {
    return this.#counts;
  }

  refresh(onChange: () => void): void {
    this.#again = true;
    this.#reading ??= this.#read(onChange).finally(() => {
      this.#reading = undefined;
    });
  }

  async settled(): Promise<void> {
    await this.#reading;
  }

  async #read(onChange: () => void): Promise<void> {
    while (this.#again && !this.#signal.aborted) {
      this.#again = false;
      try {
        const status = await this.#client.status(this.#signal);
        this.#counts = new Map(status.services.map((service) => [service.name, service]));
        onChange();
      } catch {
        return; // the deploy's own stream meets the same trouble and reports it
      }
    }
  }
}

/** Every rollout that hasn't ended waits for something that is not Pointsman's to do. */
const waitsForSomebody = ({ rollouts }: DeployReport): boolean => {
  const left = rollouts.filter(({ phase }) => !isFinished(phase));
  return (
    left.length > 0 &&
    left.every(({ waitsFor, phase }) => waitsFor !== undefined || phase === 'waiting') &&
    left.some(({ waitsFor }) => waitsFor !== undefined)
  );
};

const waitingText = (service: string, waitsFor: NonNullable<Rollout['waitsFor']>): string => {
  switch (waitsFor) {
    case 'promotion':
      return `${service} waits: \`pointsman promote ${service}\` takes it further, \`pointsman abort ${service}\` takes it back.`;
    case 'resume':
      return `${service} is paused: \`pointsman resume ${service}\` lets it go on.`;
    case 'sample':
      return `${service} has seen too few requests to be judged: it goes on when there were more, or with \`pointsman promote ${service}\`.`;
  }
};

const printOutcome = ({ output, environment }: Session, { rollouts, result, summary }: DeployReport): void => {
  for (const { service, failure, waitsFor } of rollouts) {
    if (waitsFor !== undefined) output.note(`\n${waitingText(service, waitsFor)}`);
    if (failure === undefined) continue;
    output.note(`\n${output.noteColours.bold(service)}`);
    output.note(failureText(failure, output.noteColours, environment.cwd));
  }
  if (result === 'failed' && rollouts.length > 1 && summary !== undefined) output.note(`\n${summary}`);
};

/** What failed first decides: a missing Dockerfile is bad input, an engine that is gone is out of reach. */
const exitCodeOf = (report: DeployReport): number => {
  if (report.result !== 'failed') return 0;
  const first = report.rollouts.find((rollout) => rollout.failure !== undefined)?.failure?.code;
  return first === undefined || first === 'INTERNAL' ? 1 : errorCodes[first];
};

const unchanged = (deployId: string): DeployReport => ({
  deployId,
  finished: true,
  result: 'completed',
  rollouts: [],
  progress: {},
});
