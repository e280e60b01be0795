import { resolve } from 'node:path';
import { writeFileAtomically } from '../../lib/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { RehearsalReport } from '../../model/index.ts';
import { htmlReport, jsonReport, junitReport, markdownReport } from '../../rehearsal/index.ts';
import type { Session } from '../session.ts';

export interface RehearseOptions {
  readonly variant?: readonly string[];
  readonly buildArg?: readonly string[];
  readonly json?: string;
  readonly junit?: string;
  readonly markdown?: string;
  readonly html?: string;
}

/** Writes the forms that were asked for; `-` is the terminal. */
export const writeReports = async (
  session: Session,
  options: RehearseOptions,
  report: RehearsalReport,
): Promise<void> => {
  const forms = [
    { file: options.json, text: jsonReport },
    { file: options.junit, text: junitReport },
    { file: options.markdown, text: markdownReport },
    { file: options.html, text: htmlReport },
  ];
  for (const { file, text } of forms) {
    if (file === '-') session.output.print(text(report).trimEnd());
    else if (file !== undefined) await writeReport(resolve(session.environment.cwd, file), text(report));
  }
};

const writeReport = async (path: string, text: string): Promise<void> => {
  try {
    await writeFileAtomically(path, text);
  } catch (error) {
    throw new PointsmanError('STATE_WRITE_FAILED', {
      message: `The report could not be written to ${path}: ${(error as Error).message}.`,
      fix: 'Name a file in a folder you can write to; the report is also kept under rehearsals/ in the state folder.',
      cause: error,
    });
  }
};
