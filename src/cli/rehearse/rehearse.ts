import { join } from 'node:path';
import type { RehearsalReport, RehearsalScenario } from '../../model/index.ts';
import type { StatusReport } from '../../protocol/index.ts';
import { keepReport, runRehearsal, tableReport } from '../../rehearsal/index.ts';
import { keyValues } from '../repeatable.ts';
import { followDeploy } from '../progress/index.ts';
import { openRehearsalView } from '../progress/index.ts';
import type { Session } from '../session.ts';
import { startPrivateSupervisor } from './private-supervisor.ts';
import { writeReports } from './report-files.ts';
import type { RehearseOptions } from './report-files.ts';
import { findScenario } from './scenario.ts';
import { rehearsalTarget } from './target.ts';

/** Up, deploy under load once per variant, verdict, down: always down, however it ends. */
export const rehearse = async (session: Session, options: RehearseOptions, name?: string): Promise<number> => {
  const scenario = await findScenario(session.settings.manifests, name, session.signal);
  const supervisor = await startPrivateSupervisor(session);
  try {
    const exitCode = await bringUp(supervisor.session, scenario, options);
    if (exitCode !== 0) return exitCode;
    const report = await runUnderLoad(supervisor.session, scenario, options);
    await handOver(session, options, report);
    return report.verdict === 'pass' ? 0 : 1;
  } catch (error) {
    if (session.signal.aborted)
      session.output.note('\ninterrupted: tidying up (Ctrl-C again kills instead of draining)');
    throw error;
  } finally {
    await supervisor.end();
  }
};

const bringUp = async (session: Session, scenario: RehearsalScenario, options: RehearseOptions): Promise<number> => {
  const status = await session.client.status(session.signal);
  sayWhatComes(session, scenario, status, options);
  await checkVariants(session, options.variant ?? []);
  const buildArgs = keyValues(options.buildArg);
  const result = await session.client.apply({ buildArgs }, session.signal);
  const exitCode = await followDeploy({ ...session, output: { ...session.output, wantsJson: false } }, result);
  session.output.note('');
  return exitCode;
};

/** A misspelt platform is known before anything is built; those in the manifest were checked with it. */
const checkVariants = async ({ client, signal }: Session, variants: readonly string[]): Promise<void> => {
  for (const platform of variants) await client.plan({ services: [], variables: {}, platform }, signal);
};

const sayWhatComes = (
  { output }: Session,
  scenario: RehearsalScenario,
  status: StatusReport,
  options: RehearseOptions,
): void => {
  const { bold } = output.noteColours;
  const variants = options.variant ?? scenario.compare;
  output.note(`${bold(`rehearsal ${scenario.name}`)} of ${status.project}: ${variants.join(', ')}`);
  output.note(`engine ${bold(status.engine.kind)}: ${status.engine.reason}\n`);
};

const runUnderLoad = async (
  session: Session,
  scenario: RehearsalScenario,
  options: RehearseOptions,
): Promise<RehearsalReport> => {
  const view = openRehearsalView(session.environment, session.output);
  try {
    return await runRehearsal({
      scenario,
      target: await rehearsalTarget(session),
      ...(options.variant !== undefined && { variants: options.variant }),
      onProgress: view.show,
      signal: session.signal,
    });
  } finally {
    view.close();
  }
};

const handOver = async (session: Session, options: RehearseOptions, report: RehearsalReport): Promise<void> => {
  const { output, environment, settings } = session;
  const width = environment.stdout.columns ?? 100;
  if (options.json !== '-') output.print(tableReport(report, { width, colour: output.colours.isColorSupported }));
  const kept = await keepReport(join(settings.stateDir, 'rehearsals'), report);
  output.note(`report: ${kept}`);
  await writeReports(session, options, report);
};
