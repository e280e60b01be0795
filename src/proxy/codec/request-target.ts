import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

export interface RequestTarget {
  readonly kind: 'target';
  readonly target: string;
  readonly path: string;
  readonly host: string;
}

/** RFC 9112 3.2: origin form, `*` for OPTIONS, or absolute form, whose authority then wins over Host. */
export const parseTarget = (method: string, target: string, host: string): RequestTarget | Refusal => {
  if (method === 'CONNECT') return refuse(501, 'CONNECT is not offered');
  if (target.charCodeAt(0) === slash) return origin(target, host);
  if (target === '*') {
    return method === 'OPTIONS'
      ? checked({ kind: 'target', target, path: '/', host })
      : refuse(400, 'malformed target');
  }
  const absolute = /^https?:\/\/([^/?]+)([/?].*)?$/i.exec(target);
  if (absolute === null) return refuse(400, 'malformed target');
  const [, authority = '', rest = '/'] = absolute;
  return origin(rest.startsWith('?') ? `/${rest}` : rest, authority);
};

const slash = 0x2f;

const origin = (target: string, host: string): RequestTarget | Refusal => {
  const query = target.indexOf('?');
  return checked({ kind: 'target', target, path: query < 0 ? target : target.slice(0, query), host });
};

/** A registered name or IPv4 address, or an IPv6 literal; a port of digits. RFC 3986 3.2.2, without user information. */
const hostForm = /^(?:[\w.~!$&'()*+,;=%-]*|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/** Most requests name the host that the one before named. */
class Hosts {
  #accepted = '';

  accept(host: string): boolean {
    if (host === this.#accepted) return true;
    if (!hostForm.test(host)) return false;
    this.#accepted = host;
    return true;
  }
}

const hosts = new Hosts();

const checked = (target: RequestTarget): RequestTarget | Refusal =>
  hosts.accept(target.host) ? target : refuse(400, 'malformed Host');
