import { join } from 'node:path';
import { writeFileAtomically } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { RehearsalReport } from '../model/index.ts';
import { jsonReport } from './reports/json.ts';

/** Keeps a report as `<time>-<name>.json`, and as `latest.json`. `folder` is `.pointsman/rehearsals`. Returns the first path. */
export const keepReport = async (folder: string, report: RehearsalReport): Promise<string> => {
  const time = new Date(report.startedAt).toISOString().replaceAll(':', '-').replace('.', '-');
  const name = report.rehearsal.replaceAll(/[^\w.-]/g, '_');
  const path = join(folder, `${time}-${name}.json`);
  const content = jsonReport(report);
  try {
    await writeFileAtomically(path, content);
    await writeFileAtomically(join(folder, 'latest.json'), content);
  } catch (cause) {
    throw new PointsmanError('STATE_WRITE_FAILED', {
      message: `The rehearsal's report could not be kept: ${cause instanceof Error ? cause.message : String(cause)}.`,
      fix: `Make room in ${folder}, or let the supervisor's user write there; \`--json FILE\` writes it elsewhere.`,
      cause,
    });
  }
  return path;
};
