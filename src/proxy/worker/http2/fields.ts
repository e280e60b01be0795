import type { OutgoingHttpHeaders } from 'node:http2';
import { withoutWhiteSpace } from '../../codec/fields.ts';

/** Belong to one connection; Node refuses to send them. */
const connectionFields: ReadonlySet<string> = new Set(['te', 'http2-settings']);

/** Field lines → what Node sends: names in lower case, repeated ones as a list. */
export const fieldsOf = (lines: string): OutgoingHttpHeaders => {
  const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (name === '' || connectionFields.has(name)) continue;
    const value = withoutWhiteSpace(line.slice(colon + 1));
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else fields[name] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  return fields;
};
