import { errors } from 'undici';

/** A request that took longer than it may. */
export class TimeoutFailure extends Error {
  override readonly name = 'TimeoutFailure';
}

const byCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'truncated',
};

/** One short stable word per way a request can break: what the reports count by. `headSeen`: part of an answer had come. */
export const failureCause = (error: unknown, headSeen: boolean): string => {
  if (error instanceof TimeoutFailure) return 'timeout';
  if (error instanceof errors.HTTPParserError) return 'malformed';
  const code = codeOf(error);
  const cause = byCode[code];
  if (cause === 'reset' && headSeen) return 'truncated';
  if (cause !== undefined) return cause;
  return code === '' ? 'error' : code.toLowerCase();
};

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
};
