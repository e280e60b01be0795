import type { Release, ReleaseChange } from '../../model/index.ts';
import type { Colours } from '../output.ts';
import { oneLine } from '../terminal/clip.ts';
import { table } from './table.ts';
import { dateAndTime } from './time.ts';

export const releasesText = (releases: readonly Release[], colours: Colours): string => {
  if (releases.length === 0) return 'no releases yet';
  const rows = releases.map((release) => [
    String(release.number),
    resultText(release.result, colours),
    dateAndTime(release.at),
    release.by ?? '-',
    release.changes.map(changeText).join(', '),
    oneLine(release.cause),
  ]);
  return table(['RELEASE', 'RESULT', 'BEGUN', 'BY', 'SERVICES', 'CAUSE'].map(colours.dim), rows).join('\n');
};

const resultText = (result: Release['result'], colours: Colours): string => {
  switch (result) {
    case 'completed':
      return colours.green(result);
    case 'failed':
      return colours.red(result);
    case 'running':
      return colours.cyan(result);
  }
};

const changeText = (change: ReleaseChange): string => {
  const { service } = change;
  switch (change.outcome) {
    case 'removed':
      return `${service} removed`;
    case 'changed':
      return `${service} r${change.to}`;
    case 'kept':
      return `${service} r${change.to} failed`;
    case 'not-begun':
      return `${service} not begun`;
    case 'superseded':
      return `${service} r${change.to} superseded`;
    case 'under-way':
      return `${service} r${change.to} under way`;
  }
};
