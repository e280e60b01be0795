import type { LogLine } from '../port.ts';

/** A replica's log is `log.<n>` in its folder: the writer goes on to the next number when one is full and removes the oldest. */
export const logFileName = (number: number): string => `log.${number}`;

export const logFileNumbers = (names: readonly string[]): number[] =>
  names
    .flatMap((name) => /^log\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);

/** At most this much of a replica's log is kept, however much it writes. */
export const logLimits = { fileBytes: 8 * 1024 * 1024, files: 3, lineCharacters: 256 * 1024 };

/** `1795317224774 o text` */
export const formatLogLine = ({ at, stream, text }: Omit<LogLine, 'replica'>): string =>
  `${at} ${stream === 'stdout' ? 'o' : 'e'} ${text}\n`;

export const parseLogLine = (line: string): Omit<LogLine, 'replica'> | undefined => {
  const [, at, stream, text] = /^(\d+) ([oe]) (.*)$/s.exec(line) ?? [];
  if (at === undefined || text === undefined) return undefined;
  return { at: Number(at), stream: stream === 'o' ? 'stdout' : 'stderr', text };
};
