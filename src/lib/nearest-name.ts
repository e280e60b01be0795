/** The name a person most likely meant, or undefined when none is close enough to be worth naming. */
export const nearestName = (written: string, known: Iterable<string>): string | undefined => {
  const limit = Math.max(1, Math.floor(written.length / 3));
  const ranked = [...new Set(known)]
    .map((name) => ({ name, distance: distanceOf(plain(written), plain(name)) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
};

/** `did you mean "x"?`, or else the list of what there is. */
export const nameHint = (written: string, known: Iterable<string>): string => {
  const names = [...new Set(known)];
  const nearest = nearestName(written, names);
  if (nearest !== undefined) return `Did you mean "${nearest}"?`;
  return names.length === 0 ? 'There is none.' : `Known: ${names.join(', ')}.`;
};

/** Case and separators are what people mix up first: `mcp_cloud` is as near to `mcp-cloud` as can be. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, '');

/** An abbreviation is as near as one wrong letter. */
const distanceOf = (written: string, name: string): number =>
  written.length >= 3 && name.startsWith(written)
    ? Math.min(1, name.length - written.length)
    : editDistance(written, name);

/** Letters wrong, missing, too many, or two in each other's place. */
const editDistance = (from: string, to: string): number => {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 0; line < from.length; line += 1) {
    const cells = [line + 1];
    for (let column = 0; column < to.length; column += 1) {
      const substitution = (row[column] ?? 0) + (from[line] === to[column] ? 0 : 1);
      const isSwapped = column > 0 && from[line] === to[column - 1] && from[line - 1] === to[column];
      const swap = isSwapped ? (before[column - 1] ?? 0) + 1 : Infinity;
      cells.push(Math.min(substitution, swap, (row[column + 1] ?? 0) + 1, (cells[column] ?? 0) + 1));
    }
    before = row;
    row = cells;
  }
  return row.at(-1) ?? 0;
};
