import type { RevisionResult } from '../../model/index.ts';
import type { RevisionReport } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { oneLine } from '../terminal/clip.ts';
import { table } from './table.ts';
import { dateAndTime } from './time.ts';

const shownImageCharacters = 19; // `sha256:` and twelve digits

export const revisionsText = (revisions: readonly RevisionReport[], colours: Colours): string => {
  if (revisions.length === 0) return 'no revisions yet';
  const rows = revisions.map((revision) => [
    `r${revision.number}`,
    resultText(revision.result, colours),
    dateAndTime(revision.createdAt),
    revision.by ?? '-',
    revision.image?.slice(0, shownImageCharacters) ?? '-',
    oneLine(revision.cause),
  ]);
  return table(['REVISION', 'RESULT', 'MADE', 'BY', 'IMAGE', 'CAUSE'].map(colours.dim), rows).join('\n');
};

const resultText = (result: RevisionResult, colours: Colours): string => {
  switch (result) {
    case 'active':
      return colours.green(result);
    case 'failed':
      return colours.red(result);
    case 'pending':
      return colours.cyan(result);
    case 'retired':
    case 'superseded':
      return colours.dim(result);
  }
};
