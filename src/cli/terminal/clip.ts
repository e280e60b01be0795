import { stripVTControlCharacters } from 'node:util';

// oxlint-disable-next-line no-control-regex -- an escape sequence begins with a control character
const token = /\u001B\[[\d;]*m|[\s\S]/gu;
const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}]/u;
// oxlint-disable-next-line no-control-regex -- these are what must not reach the terminal
const control = /[\u0000-\u001F\u007F-\u009F]+/gu;

/** Columns a text takes on a terminal, colours aside. */
export const widthOf = (text: string): number => {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += wide.test(character) ? 2 : 1;
  return width;
};

/** At most so many columns; what was cut shows as `…`. Colours stay whole. */
export const clip = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  let width = 0;
  let clipped = '';
  for (const [part] of text.matchAll(token)) {
    const isColour = part.startsWith('\u001B');
    const next = isColour ? 0 : widthOf(part);
    if (!isColour && width + next > columns - 1) continue;
    width = !isColour && width + next === columns - 1 ? columns : width + next;
    clipped += part;
  }
  return `${clipped}…`;
};

/** Filled with spaces up to so many columns. */
export const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)));

/** Text of somebody else's, made fit to stand on one line of ours. */
export const oneLine = (text: string): string => stripVTControlCharacters(text).replaceAll(control, ' ').trim();
