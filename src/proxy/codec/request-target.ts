import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** RFC 9112 3.2: origin form, `*` for OPTIONS, or absolute form, whose authority then wins over Host. One serves head after head. */
export class RequestTarget {
  target = '';
  path = '';
  host = '';

  read(method: string, target: string, host: string): Refusal | undefined {
    if (method === 'CONNECT') return refuse(501, 'CONNECT is not offered');
    if (target.charCodeAt(0) === slash) return this.#take(target, host);
    if (target === '*') return method === 'OPTIONS' ? this.#take(target, host, '/') : malformed;
    const absolute = /^https?:\/\/([^/?]+)([/?].*)?$/i.exec(target);
    if (absolute === null) return malformed;
    const [, authority = '', rest = '/'] = absolute;
    return this.#take(rest.startsWith('?') ? `/${rest}` : rest, authority);
  }

  #take(target: string, host: string, path = pathOf(target)): Refusal | undefined {
    this.target = target;
    this.path = path;
    this.host = host;
    return hosts.accept(host) ? undefined : refuse(400, 'malformed Host');
  }
}

const slash = 0x2f;
const malformed = refuse(400, 'malformed target');

const pathOf = (target: string): string => {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
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
