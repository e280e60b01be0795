import { FieldLines } from './fields.ts';

const lines = new FieldLines();

/** Fields that would change how a message is framed, routed or trusted have no place in a trailer. RFC 9110 6.5.1. */
const forbidden = new Set([
  'authorization',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'set-cookie',
  'te',
  'trailer',
]);

/** Some readers take these from a trailer too, and would see another message or connection than others: refused. */
const framing = new Set(['connection', 'content-length', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** The trailer lines that may go on, or undefined when one is malformed. */
export const trailerFields = (buffer: Buffer, end: number): string | undefined => {
  if (lines.scan(buffer, 0, end) !== undefined) return undefined;
  let kept = '';
  for (let index = 0; index < lines.count; index += 1) {
    const name = lines.name(buffer, index).toLowerCase().replaceAll('_', '-');
    if (framing.has(name)) return undefined;
    if (!forbidden.has(name) && !name.startsWith('x-forwarded-')) kept += lines.line(buffer, index);
  }
  return kept;
};
