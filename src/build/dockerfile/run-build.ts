import { PointsmanError } from '../../model/index.ts';
import { dockerError } from '../docker-connection.ts';
import type { BuildProgress } from '../port.ts';
import { SourceChanged } from '../restless-source.ts';
import { buildFailure } from './build-failure.ts';
import type { BuildRun } from './build-run.ts';
import type { BuildOutcome } from './build-stream.ts';
import { buildWithBuildkit } from './buildkit-build.ts';
import { buildClassic } from './classic-build.ts';

/** One build by the engine, from context to image id. Throws BUILD_FAILED, ENGINE_UNREACHABLE, or SourceChanged. */
export const runBuild = async (
  run: BuildRun,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<string> => {
  try {
    const build = run.backend === 'buildkit' ? buildWithBuildkit : buildClassic;
    const outcome = await build(run, onProgress, signal).catch(outcomeOfRefusal);
    const { failure } = outcome;
    if (failure !== undefined) throw await buildFailure(run.docker, run.input, { ...outcome, failure }, signal);
    return (await run.docker.getImage(run.name).inspect()).Id;
  } catch (error) {
    if (error instanceof SourceChanged) throw error;
    throw dockerError(`building ${run.input.label}`, error);
  }
};

/** What is wrong with the Dockerfile as a whole (syntax, unknown target) comes as an answer, before any step. */
const outcomeOfRefusal = (error: unknown): BuildOutcome => {
  if (error instanceof PointsmanError || !(error instanceof Error) || !('statusCode' in error)) throw error;
  return { failure: error.message.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim(), tail: [] };
};
