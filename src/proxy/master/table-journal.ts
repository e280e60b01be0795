import type { TableChange } from '../../protocol/index.ts';
import { checksumOf, formerChecksumOf, parseJson } from './table-file.ts';

const format = 'pointsman-proxy-table-changes';
/** Since 2 the checksums are `checksumOf`. */
const version = 2;

/**
 * What a file of changes begins with: the checksum of the table that it follows. Each line then holds one change behind the
 * checksum of itself and of all before it, so that a line is what it was, where it was, or is found out.
 */
export const journalHead = (follows: string): string =>
  `${JSON.stringify({ format, version, follows } satisfies Record<keyof JournalHead, unknown>)}\n`;

interface JournalHead {
  readonly format: unknown;
  readonly version: unknown;
  readonly follows: unknown;
}

/** `before`: the checksum of the line above, or of the table. */
export const journalLine = (before: string, change: TableChange): { readonly text: string; readonly sum: string } => {
  const content = JSON.stringify(change);
  const sum = checksumOf(before + content);
  return { text: `${sum} ${content}\n`, sum };
};

export interface Journal {
  readonly follows: string;
  readonly changes: readonly unknown[];
  /** Its last line has no end: it was being written when the proxy was killed, so nobody was told that it is kept. */
  readonly isTorn: boolean;
}

/** What the text of a file of changes holds, or why that can't be used. */
export const parseJournal = (text: string): Journal | string => {
  const lines = text.split('\n');
  const rest = lines.pop();
  const [head, ...changes] = lines;
  if (head === undefined) return { follows: '', changes: [], isTorn: true };
  const file = parseJson(head);
  if (file?.['format'] !== format) return 'they are not changes of a table of this proxy';
  if (![1, version].includes(file['version'] as number))
    return `their version is ${String(file['version'])}, this proxy knows ${version}`;
  const follows = String(file['follows']);
  const whole = wholeLines(follows, changes, file['version'] === version ? checksumOf : formerChecksumOf);
  if (whole.length < changes.length) return `line ${whole.length + 2} is damaged`;
  return { follows, changes: whole, isTorn: rest !== '' };
};

const wholeLines = (
  follows: string,
  lines: readonly string[],
  sumOf: (content: string) => string,
): readonly unknown[] => {
  const whole: unknown[] = [];
  let before = follows;
  for (const line of lines) {
    const space = line.indexOf(' ');
    const [sum, content] = [line.slice(0, space), line.slice(space + 1)];
    if (sum !== sumOf(before + content)) break;
    whole.push(parseJson(content));
    before = sum;
  }
  return whole;
};
