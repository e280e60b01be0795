export const isPort = (value: unknown, lowest: number): boolean =>
  Number.isInteger(value) && (value as number) >= lowest && (value as number) <= 65_535;

export const isAtLeast = (value: unknown, lowest: number): boolean => typeof value === 'number' && value >= lowest;

/** What the first faulty one of them has. */
export const first = <Item>(items: readonly Item[], fault: (item: Item) => string | undefined): string | undefined => {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
};

export const duplicate = <Item>(
  items: readonly Item[],
  key: (item: Item) => string,
  what: string,
): string | undefined => {
  const seen = new Set<string>();
  return first(items, (item) => {
    const name = key(item);
    if (seen.has(name)) return `duplicate ${what}: ${name}`;
    seen.add(name);
    return undefined;
  });
};

/** Limits are numbers above zero, or not there; a least pace may be zero. */
export const limitsFault = (limits: object | undefined): string | undefined => {
  const faulty = Object.entries(limits ?? {}).find(
    ([name, limit]) => !(typeof limit === 'number' && (limit > 0 || (limit === 0 && name === 'bodyBytesPerSecond'))),
  );
  return faulty === undefined ? undefined : `bad limit ${faulty[0]}: ${String(faulty[1])}`;
};
