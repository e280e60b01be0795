import type Docker from 'dockerode';
import type { Backend, BuildInput } from './build-input.ts';
import { inputLabel } from './built-images.ts';

export interface BuildRun {
  readonly docker: Docker;
  readonly backend: Backend;
  readonly input: BuildInput;
  /** The name that the image gets. */
  readonly name: string;
}

/** What both builders are asked for in the same words. */
export const commonQuery = ({ input, name }: BuildRun): Readonly<Record<string, unknown>> => ({
  t: name,
  buildargs: input.source.args,
  labels: { [inputLabel]: input.hash },
  ...(input.source.target !== undefined && { target: input.source.target }),
});
