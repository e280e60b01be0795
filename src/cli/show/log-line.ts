import type { LogEntry } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { pad, widthOf } from '../terminal/clip.ts';
import { timeOfDay } from './time.ts';

/** `12:00:01.250 api r2 | listening`: service and revision, so that old and new can be told apart. */
export const logLine = (entry: LogEntry, colours: Colours, services: readonly string[]): string => {
  const paints = [colours.cyan, colours.yellow, colours.green, colours.magenta, colours.blue];
  const paint = paints[Math.max(0, services.indexOf(entry.service)) % paints.length] ?? colours.cyan;
  const width = Math.max(...services.map(widthOf), widthOf(entry.service));
  const who = `${pad(entry.service, width)} r${entry.revision}`;
  const bar = entry.stream === 'stderr' ? colours.red('|') : '|';
  return `${colours.dim(timeOfDay(entry.at))} ${paint(who)} ${bar} ${entry.text}`;
};
