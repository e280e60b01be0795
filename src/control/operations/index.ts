import type { Operation } from '../../model/index.ts';
import { build } from './build.ts';
import { drainCheck } from './drain-check.ts';
import { drainCommand } from './drain-command.ts';
import { drain } from './drain.ts';
import type { OperationOf, OperationParts, Perform } from './parts.ts';
import { preDeploy } from './pre-deploy.ts';
import { remove } from './remove.ts';
import { route } from './route.ts';
import { signal } from './signal.ts';
import { start } from './start.ts';
import { verify } from './verify.ts';

export type { OperationParts } from './parts.ts';

/** One entry per kind: a new kind does not compile until it has one. */
const performers: { readonly [Kind in Operation['kind']]: Perform<Kind> } = {
  build,
  'pre-deploy': preDeploy,
  verify,
  start,
  route,
  drain,
  'drain-command': drainCommand,
  'drain-check': drainCheck,
  signal,
  remove,
};

export const perform = <Kind extends Operation['kind']>(
  operation: OperationOf<Kind>,
  parts: OperationParts,
  abort: AbortSignal,
): Promise<void> => performers[operation.kind](operation, parts, abort);
