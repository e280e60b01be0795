import { pad, widthOf } from '../terminal/clip.ts';

/** Columns as wide as their widest cell, two spaces between; colours don't count. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => {
  const lines = head.length === 0 ? rows : [head, ...rows];
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => widthOf(line[column] ?? ''))),
  );
  return lines.map((line) =>
    line
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};
