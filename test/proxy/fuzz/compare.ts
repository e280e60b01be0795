import { knownMethods } from './llhttp.ts';
import type { Input, Message, Reading } from './reading.ts';

/** What we read otherwise than llhttp, in a few words; undefined when there is nothing to report. */
export const disagreement = (input: Input, ours: Reading, theirs: Reading): string | undefined => {
  for (const [index, mine] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined) {
      if (isIncomparable(mine, theirs)) return undefined;
      return `accepted a head that llhttp does not (${theirs.fault || 'it waits for more'})`;
    }
    const difference = inHead(input, mine, other) ?? inBody(mine, other, ours, theirs);
    if (difference !== undefined) return difference;
  }
  return undefined;
};

/** llhttp refuses methods that it does not know, and with them everything behind. */
export const isIncomparable = (mine: Message, theirs: Reading): boolean =>
  mine.method !== '' && !isCommon(mine.method) && theirs.fault !== '';

/** `PRI`, `SOURCE` and RTSP's methods have protocols of their own in llhttp. */
const isCommon = (method: string): boolean => knownMethods.has(method) && !otherProtocols.has(method);

const otherProtocols: ReadonlySet<string> = new Set(['PRI', 'SOURCE']);

const inHead = (input: Input, mine: Message, other: Message): string | undefined => {
  if (mine.method !== other.method) return 'method';
  if (mine.status !== other.status) return 'status';
  if (mine.reason !== other.reason) return 'reason';
  if (input.kind === 'request' && !isSameTarget(mine, other)) return 'target or host';
  if (mine.isUpgrade && !other.isUpgrade && mine.status !== 101) return 'upgrade';
  return inFields(mine.fields, other.fields, headNames) ?? namedByConnection(mine, other);
};

/** The absolute form goes on as the origin form, with its authority as Host. */
const isSameTarget = (mine: Message, other: Message): boolean => {
  const host = valueOf('host', mine.fields);
  if (mine.target === other.target) return host === valueOf('host', other.fields);
  const [, authority, path = ''] = /^https?:\/\/([^/?]+)(.*)$/i.exec(other.target) ?? [];
  const target = path.startsWith('/') ? path : `/${path}`;
  return authority !== undefined && mine.target === target && host === authority;
};

/** Empty where there is none, as HTTP/1.0 allows. */
const valueOf = (name: string, fields: readonly string[]): string => {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() === name) return fields[index + 1] ?? '';
  }
  return '';
};

/** Every field of ours is one of theirs, in their order; what is missing is missing for a reason. */
const inFields = (mine: readonly string[], theirs: readonly string[], names: ReadonlySet<string>) => {
  // Where we say Host ourselves we say it first.
  let next = mine[0] === 'Host' && names === headNames ? 2 : 0;
  for (let index = 0; index < theirs.length; index += 2) {
    if (mine[next] === theirs[index] && mine[next + 1] === theirs[index + 1]) next += 2;
    else if (!isDropped(theirs[index] ?? '', names, theirs)) return 'a field is missing';
  }
  return next === mine.length ? undefined : 'a field that llhttp does not see';
};

const isDropped = (name: string, names: ReadonlySet<string>, fields: readonly string[]): boolean => {
  const folded = name.toLowerCase().replaceAll('_', '-');
  return (
    names.has(folded) || folded.startsWith('x-forwarded-') || connectionTokens(fields).includes(name.toLowerCase())
  );
};

const connectionTokens = (fields: readonly string[]): string[] =>
  fields.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === 'connection'
      ? (fields[index + 1] ?? '').split(',').map((token) => token.trim().toLowerCase())
      : [],
  );

/** What Connection names ends here. */
const namedByConnection = (mine: Message, other: Message): string | undefined => {
  const tokens = connectionTokens(other.fields);
  if (tokens.length === 0) return undefined;
  const stays = mine.fields.find(
    (name, index) => index % 2 === 0 && index > 0 && name !== 'Host' && tokens.includes(name.toLowerCase()),
  );
  return stays === undefined || endToEnd.has(stays.toLowerCase()) ? undefined : 'a field of this connection goes on';
};

/** Names that no Connection can take away. */
const endToEnd: ReadonlySet<string> = new Set(['host', 'content-type', 'content-encoding']);

const headNames: ReadonlySet<string> = new Set([
  'host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade',
  'http2-settings', 'expect', 'forwarded', 'x-real-ip', 'x-request-id', 'x-request-start',
]); // prettier-ignore

const trailerNames: ReadonlySet<string> = new Set([
  'authorization', 'connection', 'content-encoding', 'content-length', 'content-range', 'content-type', 'cookie', 'expect',
  'forwarded', 'host', 'keep-alive', 'proxy-connection', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]); // prettier-ignore

const inBody = (mine: Message, other: Message, ours: Reading, theirs: Reading): string | undefined => {
  if (mine.isUpgrade) return undefined;
  if (mine.isComplete) {
    if (!other.isComplete) return `accepted a body that llhttp does not (${theirs.fault || 'it waits for more'})`;
    if (mine.body !== other.body) return 'content';
    return inFields(mine.trailers, other.trailers, trailerNames) === undefined ? undefined : 'trailers';
  }
  // Only the last message can be incomplete. What is on its way must be what llhttp read, too.
  if (!other.body.startsWith(mine.body)) return `content that llhttp does not read (${theirs.fault || 'it waits'})`;
  if (ours.end === 'refused' || theirs.fault !== '') return undefined;
  if (other.isComplete) return 'waits where llhttp saw the end';
  return mine.body === other.body ? undefined : 'less content';
};

/** The same octets in other pieces. */
export const isSame = (one: Reading, other: Reading): boolean =>
  one.end === other.end &&
  one.messages.length === other.messages.length &&
  one.messages.every((message, index) => isSameMessage(message, other.messages[index]));

const isSameMessage = (one: Message, other: Message | undefined): boolean =>
  one.method === other?.method &&
  one.target === other.target &&
  one.status === other.status &&
  one.body === other.body &&
  one.isComplete === other.isComplete &&
  one.isUpgrade === other.isUpgrade &&
  isSameList(one.fields, other.fields) &&
  isSameList(one.trailers, other.trailers);

const isSameList = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, index) => text === other[index]);
