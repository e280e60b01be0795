/** Where keys of a TOML text stand; the parser itself only says what they mean. */
export interface KeyPosition {
  readonly line: number;
  readonly keyColumn: number;
  readonly valueColumn: number;
}

/** Keys inside inline tables are not listed: their place is that of the key the table belongs to. */
export const tomlPositions = (content: string): ReadonlyMap<string, KeyPosition> => {
  const positions = new Map<string, KeyPosition>();
  const tables = new Map<string, number>();
  const state = { table: [] as string[], open: closed };
  for (const [index, text] of content.split('\n').entries()) {
    if (isOpen(state.open)) {
      state.open = advance(state.open, text);
      continue;
    }
    const header = /^(\s*)(\[\[?)([^[\]]+)\]\]?\s*(#.*)?$/.exec(text);
    const pair = header === null ? keyPattern.exec(text) : null;
    const line = index + 1;
    if (header !== null) {
      state.table = tablePath(header, tables);
      const keyColumn = (header[1]?.length ?? 0) + 1;
      positions.set(positionKey(state.table), { line, keyColumn, valueColumn: keyColumn });
    }
    if (pair === null) continue;
    const [whole = '', indent = '', key = ''] = pair;
    const place = { line, keyColumn: indent.length + 1, valueColumn: whole.length + 1 };
    const path = [...state.table, ...partsOf(key)];
    for (const end of path.keys()) {
      const prefix = positionKey(path.slice(0, end + 1));
      if (!positions.has(prefix)) positions.set(prefix, place);
    }
    positions.set(positionKey(path), place);
    state.open = advance(closed, text.slice(whole.length));
  }
  return positions;
};

export const positionKey = (path: readonly (string | number)[]): string => path.join('\u0000');

const part = String.raw`(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)`;
const keyPattern = new RegExp(String.raw`^(\s*)(${part}(?:\s*\.\s*${part})*)\s*=\s*`);

const partsOf = (key: string): string[] =>
  [...key.matchAll(new RegExp(part, 'g'))].map(([text]) => text.replaceAll(/^["']|["']$/g, ''));

/** `[[services]]` is services.0, then services.1, … */
const tablePath = (header: RegExpExecArray, tables: Map<string, number>): string[] => {
  const path = partsOf(header[3] ?? '');
  if (header[2] !== '[[') return path;
  const index = tables.get(positionKey(path)) ?? 0;
  tables.set(positionKey(path), index + 1);
  return [...path, String(index)];
};

/** A value that goes on in the next line: brackets that are open, or the quotes of a long string. */
interface Open {
  readonly depth: number;
  readonly quote: string;
}
const closed: Open = { depth: 0, quote: '' };
const isOpen = (open: Open): boolean => open.depth > 0 || open.quote !== '';

const tokenPattern = /\\.|"""|'''|"|'|#|[[{]|[\]}]/g;

const advance = (open: Open, text: string): Open => {
  const state = { ...open };
  for (const [token] of text.matchAll(tokenPattern)) {
    if (state.quote !== '') {
      if (token === state.quote) state.quote = '';
    } else if (token === '#') {
      break;
    } else if (/["']/.test(token)) {
      state.quote = token;
    } else if (!token.startsWith('\\')) {
      state.depth += token === '[' || token === '{' ? 1 : -1;
    }
  }
  // A short string ends with its line whatever is written.
  return { depth: Math.max(0, state.depth), quote: state.quote.length === 3 ? state.quote : '' };
};
