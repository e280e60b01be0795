import { nameHint } from '../../lib/index.ts';
import { loadProject, rehearsalScenarios } from '../../manifest/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { RehearsalScenario } from '../../model/index.ts';

/** The rehearsal that was asked for, or the only one. Throws everything that is wrong with the manifests. */
export const findScenario = async (
  manifests: string,
  name: string | undefined,
  signal: AbortSignal,
): Promise<RehearsalScenario> => {
  const loaded = await loadProject(manifests, signal);
  throwProblems(loaded.problems);
  const scenarios = rehearsalScenarios(loaded);
  const names = scenarios.map((scenario) => scenario.name);
  const [only] = scenarios;
  if (only === undefined) throw noRehearsal(manifests);
  if (name === undefined && scenarios.length === 1) return only;
  if (name === undefined) {
    throw new PointsmanError('USAGE', {
      message: `There are ${names.length} rehearsals.`,
      fix: `Name one: ${names.join(', ')}.`,
    });
  }
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new PointsmanError('REHEARSAL_UNKNOWN', {
    message: `No rehearsal is called "${name}".`,
    fix: nameHint(name, names),
  });
};

const throwProblems = (problems: readonly PointsmanError[]): void => {
  const [only] = problems;
  if (only === undefined) return;
  if (problems.length === 1) throw only;
  throw new PointsmanError('MANIFEST_INVALID', { message: `${problems.length} problems in the manifests.` }, problems);
};

const noRehearsal = (manifests: string): PointsmanError =>
  new PointsmanError('REHEARSAL_UNKNOWN', {
    message: `There is no rehearsal in ${manifests}.`,
    fix: 'Add a document with `kind: Rehearsal`: what to deploy, which load, which budgets.',
  });
