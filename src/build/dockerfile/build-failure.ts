import type Docker from 'dockerode';
import { PointsmanError } from '../../model/index.ts';
import { localImageId } from '../docker-connection.ts';
import type { BuildInput } from './build-input.ts';
import type { BuildOutcome } from './build-stream.ts';
import type { BaseImage } from './dockerfile.ts';

const isAboutFetching =
  /pull access denied|no such host|manifest unknown|not found|failed to do request|connection refused|i\/o timeout|unauthorized|deadline exceeded|failed to resolve/i;

/** What went wrong, in words that lead on. */
export const buildFailure = async (
  docker: Docker,
  input: BuildInput,
  outcome: BuildOutcome & { readonly failure: string },
  signal: AbortSignal,
): Promise<PointsmanError> => {
  const base = isAboutFetching.test(outcome.failure)
    ? await missingBase(docker, input, outcome.failure, signal)
    : undefined;
  if (base !== undefined) return missingBaseError(input, base, outcome.failure);
  const line = /parse error (?:on )?line (\d+)/.exec(outcome.failure)?.[1];
  return new PointsmanError('BUILD_FAILED', {
    message: `the image of ${input.label} could not be built: ${plainFailure(outcome.failure)}`,
    fix: `correct ${input.source.dockerfile} or what it runs; nothing that runs was changed`,
    output: outcome.tail,
    ...(line !== undefined && { where: { file: input.source.dockerfile, line: Number(line), column: 1 } }),
  });
};

const missingBase = async (
  docker: Docker,
  input: BuildInput,
  failure: string,
  signal: AbortSignal,
): Promise<BaseImage | undefined> => {
  const absent: BaseImage[] = [];
  for (const base of input.bases) {
    if ((await localImageId(docker, base.name, signal)) === undefined) absent.push(base);
  }
  return absent.find((base) => failure.includes(base.name)) ?? absent[0];
};

const missingBaseError = (input: BuildInput, base: BaseImage, failure: string): PointsmanError => {
  const [argument] = base.args;
  const choose =
    argument === undefined
      ? `name an image that is here in that line, or make it an ARG and set build.args`
      : `set build.args.${argument} to an image that is here (docker images)`;
  return new PointsmanError('BUILD_FAILED', {
    message: `${input.label} is built on the image ${base.name}, which is not here and can't be fetched: ${plainFailure(failure)}`,
    fix: `check the name and the way to its registry, or ${choose}`,
    where: { file: input.source.dockerfile, line: base.line, column: 1 },
  });
};

/** Both builders wrap the reason in the names of their own parts. */
const plainFailure = (failure: string): string =>
  failure
    .replace(
      /^(failed to solve with frontend \S+|failed to solve|failed to create LLB definition|rpc error: code = \w+ desc =):? ?/g,
      '',
    )
    .replace(/^(failed to (?:solve|create LLB definition)[^:]*: |executor )/g, '')
    .trim();
