import type { Seen } from './ask.ts';

/** How ours stands to another proxy in one case. */
export type Standing =
  | 'same'
  /** We refuse what it lets through. */
  | 'stricter'
  /** We let through what it refuses: a bug, unless it says why not in `reasons`. */
  | 'laxer'
  /** Both let it through, but not the same. */
  | 'other'
  /** Both refuse, with different words: where one has shown the head already, all that is left is to cut. */
  | 'other status';

/** Where we let through what another one refuses, and why. */
export const reasons: Readonly<Record<string, string>> = {
  'an unknown method': 'any token is a method (RFC 9110 9.1); nginx has a list',
  'a lower-case method': 'methods are case-sensitive tokens (RFC 9110 9.1): this is just another one',
  'a star': 'OPTIONS * asks the server itself (RFC 9112 3.2.4)',
  'an absolute target': 'its authority replaces Host (RFC 9112 3.2.2); HAProxy refuses where the two differ',
  'an absolute target with a query only': 'an empty path is / (RFC 9112 3.2.2)',
  'options of a connection with what is white space elsewhere':
    'no-break space is none (RFC 9110 5.6.3), so nothing here says close; nginx looks for these letters anywhere',
  'a coding with white space around it': 'white space around a value is legal (RFC 9112 5)',
};

export const requestStanding = (ours: Seen, theirs: Seen): Standing => {
  if (ours.requests.length < theirs.requests.length) return 'stricter';
  if (ours.requests.length > theirs.requests.length) return 'laxer';
  if (ours.requests.join('\n') !== theirs.requests.join('\n')) return 'other';
  return ours.statuses.join() === theirs.statuses.join() ? 'same' : 'other status';
};

/** An answer of the proxy itself that says that the application's can't be shown. */
const isRefused = (seen: Seen): boolean => seen.statuses.length === 0 || /^50[0-4]$/.test(seen.statuses.at(-1) ?? '');
/** The client was shown all of something. */
const isWhole = (seen: Seen): boolean => !isRefused(seen) && seen.content !== undefined;

export const responseStanding = (ours: Seen, theirs: Seen): Standing => {
  if (isWhole(ours) && !isWhole(theirs)) return 'laxer';
  if (!isWhole(ours) && isWhole(theirs)) return 'stricter';
  if (isWhole(ours))
    return ours.content === theirs.content && ours.statuses.join() === theirs.statuses.join() ? 'same' : 'other';
  return ours.statuses.join() === theirs.statuses.join() ? 'same' : 'other status';
};

export const describeRequest = (seen: Seen): string => {
  const answers = seen.statuses.join(' ') || 'no answer';
  const end = seen.ended === 'open' ? ', stays open' : '';
  const got = seen.requests.length === 0 ? '' : ` → ${seen.requests.join('; ')}`;
  return `${answers}${end}${got}${seen.unfinished > 0 ? ` (+${seen.unfinished} octets)` : ''}`;
};

export const describeResponse = (seen: Seen): string => {
  const content = seen.content === undefined ? 'cut' : JSON.stringify(seen.content.slice(0, 30));
  return `${seen.statuses.join(' ') || 'no answer'}${isRefused(seen) ? '' : ` ${content}`}`;
};
