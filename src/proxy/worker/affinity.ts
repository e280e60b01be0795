import type { Affinity as AffinityEntry } from '../../model/index.ts';
import { cookieValues } from './request-fields.ts';
import type { Upstream } from './upstream.ts';

/** How far a cookie reaches: as far as its route, so that pools of one host don't overwrite each other's. */
export interface CookieScope {
  readonly path: string;
  readonly secure: boolean;
}

export const wholeHost: CookieScope = { path: '/', secure: false };

/**
 * The cookie that says where a client stays. Its value follows from the pool and the replica or revision alone, so that
 * every worker and every successor reads it the same way, and names neither.
 */
export class Affinity {
  readonly to: AffinityEntry['to'];
  readonly #cookie: string;
  readonly #pool: string;
  /** One upstream for each value; for a revision, any of its upstreams. */
  #byValue: ReadonlyMap<string, Upstream> | undefined;
  readonly #upstreams: readonly Upstream[];

  constructor(entry: AffinityEntry, pool: string, upstreams: readonly Upstream[]) {
    this.to = entry.to;
    this.#cookie = entry.cookie;
    this.#pool = pool;
    this.#upstreams = upstreams;
  }

  /** Where the client was before; undefined without a cookie, or with one that leads nowhere any more. */
  find(fields: string): Upstream | undefined {
    for (const value of cookieValues(fields, this.#cookie)) {
      this.#byValue ??= new Map(this.#upstreams.map((upstream) => [this.#value(upstream), upstream]));
      const known = this.#byValue.get(value);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  setCookie(upstream: Upstream, { path, secure }: CookieScope): string {
    const scope = `Path=${path}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    return `Set-Cookie: ${this.#cookie}=${this.#value(upstream)}; ${scope}\r\n`;
  }

  #value({ id, revision }: Upstream): string {
    const target = this.to === 'replica' ? `replica ${id}` : `revision ${revision}`;
    // Loaded only where there is an affinity: a megabyte.
    const { createHash } = process.getBuiltinModule('node:crypto');
    return createHash('sha256').update(`${this.#pool}\n${target}`).digest('base64url').slice(0, 16);
  }
}
