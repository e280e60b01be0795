import type { BuildProgress } from '../../build/index.ts';
import { withDeadline } from '../../lib/index.ts';
import { errorReport } from '../../model/index.ts';
import type { Revision } from '../../model/index.ts';
import type { StepState } from '../../plan/index.ts';
import { put } from '../records.ts';
import type { OperationParts, Perform } from './parts.ts';
import { isPassing, rolloutTo } from './parts.ts';

/** A build that hangs must not keep its service in `building` for ever. */
const longestBuildMs = 60 * 60 * 1000;

export const build: Perform<'build'> = async ({ service, revision: number }, parts, signal) => {
  const revision = parts.records.revision(service, number);
  if (revision === undefined) return;
  const event = { service, revision: number } as const;
  const onProgress = ({ text }: BuildProgress): void => parts.live.say(service, text);
  const request = { source: revision.spec.image, label: `${revision.spec.project}-${service}` };
  try {
    const { image, how, durationMs } = await withDeadline(parts.clock, longestBuildMs, signal, (bounded) =>
      parts.builder.build(request, onProgress, bounded),
    );
    conclude(parts, { ...revision, image }, { kind: 'done' });
    const message = how === 'built' ? `built ${image} in ${Math.round(durationMs)} ms` : `${how}: ${image}`;
    parts.onEvent({ ...event, severity: 'info', reason: 'ImageBuilt', message });
  } catch (error) {
    if (signal.aborted || isPassing(error)) throw error;
    conclude(parts, revision, { kind: 'failed', error: errorReport(error) });
    const message = error instanceof Error ? error.message : String(error);
    parts.onEvent({ ...event, severity: 'error', reason: 'BuildFailed', message });
  }
};

const conclude = (parts: OperationParts, revision: Revision, step: StepState): void => {
  const record = rolloutTo(parts, revision.service, revision.number);
  parts.store.record([
    put.revision(revision),
    ...(record === undefined ? [] : [put.rollout({ ...record, build: step })]),
  ]);
};
