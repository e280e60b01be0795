import type { LoadedProject } from './model.ts';
import { bytesOf } from './quantity.ts';

/** Bytes that the project's images may use; undefined: nothing was said. */
export const diskBudgetOf = ({ project }: LoadedProject): number | undefined => {
  const written = project.spec.retention?.diskBudget;
  return written === undefined ? undefined : bytesOf(written);
};
