import { isAbsolute, relative, sep } from 'node:path';
import type { BuildProgress } from '../port.ts';
import { SourceChanged } from '../restless-source.ts';
import type { BuildInput } from './build-input.ts';
import type { BuildRun } from './build-run.ts';
import { commonQuery } from './build-run.ts';
import type { BuildOutcome } from './build-stream.ts';
import { followBuild } from './build-stream.ts';
import { packContext } from './context-tar.ts';
import { withoutSyntaxLine } from './dockerfile.ts';
import { postBuild } from './engine-api.ts';

/** Of the cores, where they are short; a container that serves has 1024. */
const lowWeight = 256;

/** The context goes as a tar, which holds the Dockerfile, too. */
export const buildClassic = async (
  run: BuildRun,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<BuildOutcome> => {
  const { dockerfile, replaced } = sentFiles(run.input);
  const context = packContext({ tree: run.input.tree, contents: run.input.contents, replaced });
  const query = { ...commonQuery(run), version: '1', dockerfile, rm: true, forcerm: true, cpushares: lowWeight };
  try {
    return await followBuild(await postBuild(run.docker, query, signal, context.stream), onProgress);
  } catch (error) {
    context.stream.destroy();
    const packing = await context.failure;
    throw packing instanceof SourceChanged ? packing : error;
  } finally {
    context.stream.destroy();
  }
};

interface SentFiles {
  /** The Dockerfile's path in the context that is sent. */
  readonly dockerfile: string;
  readonly replaced: ReadonlyMap<string, Buffer>;
}

/** Sent under this name when it does not belong to the context; no build can mean this file. */
const privateName = '.pointsman.Dockerfile';
const ignoreName = '.dockerignore';

/**
 * The Dockerfile always reaches the builder, be it ignored or outside of the context. It then must not end up in an
 * image through `COPY . .`: the builder takes out what the sent ignore file names.
 */
const sentFiles = ({ source, tree, dockerfile }: BuildInput): SentFiles => {
  const text = Buffer.from(withoutSyntaxLine(dockerfile));
  const inContext = relative(source.context, source.dockerfile).split(sep).join('/');
  const isOutside = inContext.startsWith('../') || isAbsolute(inContext);
  if (!isOutside && !tree.rules.ignores(inContext)) {
    return { dockerfile: inContext, replaced: new Map([[inContext, text]]) };
  }
  const hiding = Buffer.from(`${privateName}\n${ignoreName}\n`);
  return {
    dockerfile: privateName,
    replaced: new Map([
      [privateName, text],
      [ignoreName, hiding],
    ]),
  };
};
