/** A variable's text in pieces: `postgres://${{db.HOST}}:5432` is text, reference, text. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `${{shared.NAME}}`, `${{service.NAME}}`; without an owner a variable of the same service. */
  | { readonly kind: 'reference'; readonly owner: string | undefined; readonly name: string }
  /** Drawn once and kept. */
  | { readonly kind: 'generate'; readonly generate: Generator }
  | { readonly kind: 'broken'; readonly why: string };

export type Generator =
  | { readonly kind: 'secret'; readonly length: number; readonly alphabet: string }
  | { readonly kind: 'randomInt'; readonly least: number; readonly most: number };

export const parseTemplate = (text: string): readonly Piece[] => {
  const pieces: Piece[] = [];
  const expression = /\$\{\{([\s\S]*?)\}\}/g;
  let position = 0;
  for (const match of text.matchAll(expression)) {
    pieces.push({ kind: 'text', text: text.slice(position, match.index) }, parseExpression((match[1] ?? '').trim()));
    position = match.index + match[0].length;
  }
  const rest = text.slice(position);
  if (rest.includes('${{')) pieces.push({ kind: 'broken', why: 'has ${{ without }}' });
  return [...pieces, { kind: 'text', text: rest }];
};

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const parseExpression = (expression: string): Piece => {
  const call = /^(\w+)\s*\((.*)\)$/s.exec(expression);
  if (call !== null) return parseCall(call[1] ?? '', call[2] ?? '');
  const dot = expression.lastIndexOf('.');
  const name = expression.slice(dot + 1).trim();
  if (!/^\w+$/.test(name))
    return { kind: 'broken', why: `has \${{${expression}}}, which is neither a reference nor a function` };
  return { kind: 'reference', owner: dot < 0 ? undefined : expression.slice(0, dot).trim(), name };
};

const parseCall = (name: string, given: string): Piece => {
  if (name === 'secret') {
    const match = /^\s*(\d{1,4})?\s*(?:,\s*(["'])(.+)\2\s*)?$/.exec(given);
    const length = Number(match?.[1] ?? 32);
    if (match === null || length < 1)
      return { kind: 'broken', why: 'calls secret(length, "alphabet") with other arguments' };
    return { kind: 'generate', generate: { kind: 'secret', length, alphabet: match[3] ?? letters } };
  }
  if (name === 'randomInt') {
    const match = /^\s*(?:(\d{1,12})\s*,\s*(\d{1,12})\s*)?$/.exec(given);
    const [least, most] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 100)];
    if (match === null || least > most)
      return { kind: 'broken', why: 'calls randomInt(least, most) with other arguments' };
    return { kind: 'generate', generate: { kind: 'randomInt', least, most } };
  }
  return { kind: 'broken', why: `calls ${name}(), but there are only secret() and randomInt()` };
};
