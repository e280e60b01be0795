import type { Route } from '../../model/index.ts';
import type { RoutePlace } from '../../protocol/index.ts';
import { Latest } from './latest.ts';

/** Finds the pool for a host and a path in a time that does not grow with the number of routes. */
export class RouteIndex<Target> {
  readonly #exact = new Map<string, PrefixIndex<Target>>();
  /** By what follows the asterisk, dot included. */
  readonly #wildcards = new Map<string, PrefixIndex<Target>>();
  #any: PrefixIndex<Target> | undefined;

  add(route: Route, target: Target): void {
    this.#prefixes(route.host.toLowerCase()).add(route.pathPrefix, target);
  }

  /** What it led to. */
  remove({ host, pathPrefix }: RoutePlace): Target | undefined {
    const prefixes = this.#prefixes(host.toLowerCase());
    const target = prefixes.remove(pathPrefix);
    if (prefixes.isEmpty) this.#forget(host.toLowerCase());
    return target;
  }

  /** `host` as it was received: any case, with or without port or final dot. */
  find(host: string, path: string): Target | undefined {
    const direct = this.#exact.get(host)?.find(path);
    if (direct !== undefined) return direct;
    const name = names.of(host);
    return this.#exact.get(name)?.find(path) ?? this.#findWildcard(name, path) ?? this.#any?.find(path);
  }

  #prefixes(host: string): PrefixIndex<Target> {
    if (host === '*') return (this.#any ??= new PrefixIndex());
    const { map, key } = this.#placeOf(host);
    const known = map.get(key) ?? new PrefixIndex<Target>();
    map.set(key, known);
    return known;
  }

  #forget(host: string): void {
    const { map, key } = this.#placeOf(host);
    if (host === '*') this.#any = undefined;
    else map.delete(key);
  }

  #placeOf(host: string): { readonly map: Map<string, PrefixIndex<Target>>; readonly key: string } {
    return host.startsWith('*.') ? { map: this.#wildcards, key: host.slice(1) } : { map: this.#exact, key: host };
  }

  #findWildcard(name: string, path: string): Target | undefined {
    if (this.#wildcards.size === 0) return undefined;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const found = dot > 0 ? this.#wildcards.get(name.slice(dot))?.find(path) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Path prefixes of one host. A prefix matches whole segments: `/api` takes `/api` and `/api/x`, not `/apis`. */
class PrefixIndex<Target> {
  // Beside the rest: most hosts have nothing else, and of a large table little lies in the processor's cache.
  #whole: Target | undefined;
  #deepest = 0;
  readonly #targets = new Map<string, Target>();
  /** How many prefixes have so many segments. */
  readonly #atDepth: number[] = [0];

  get isEmpty(): boolean {
    return this.#whole === undefined && this.#targets.size === 0;
  }

  add(prefix: string, target: Target): void {
    const key = keyOf(prefix);
    if (key === '') this.#whole = target;
    else {
      if (!this.#targets.has(key)) this.#count(key, 1);
      this.#targets.set(key, target);
    }
  }

  remove(prefix: string): Target | undefined {
    const key = keyOf(prefix);
    const target = key === '' ? this.#whole : this.#targets.get(key);
    if (key === '') this.#whole = undefined;
    else if (this.#targets.delete(key)) this.#count(key, -1);
    return target;
  }

  find(path: string): Target | undefined {
    if (this.#deepest === 0) return this.#whole;
    for (let end = this.#longest(path); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const found = this.#targets.get(path.slice(0, end));
      if (found !== undefined) return found;
    }
    return this.#whole;
  }

  #count(key: string, more: number): void {
    const depth = key.split('/').length - 1;
    while (this.#atDepth.length <= depth) this.#atDepth.push(0);
    this.#atDepth[depth] = (this.#atDepth[depth] ?? 0) + more;
    while (this.#atDepth.at(-1) === 0 && this.#atDepth.length > 1) this.#atDepth.pop();
    this.#deepest = this.#atDepth.length - 1;
  }

  /** The end of the longest part of the path that any prefix could match. */
  #longest(path: string): number {
    let end = -1;
    for (let depth = 0; depth <= this.#deepest; depth += 1) {
      end = path.indexOf('/', end + 1);
      if (end < 0) return path.length;
    }
    return end;
  }
}

/** Empty for the whole host. */
const keyOf = (prefix: string): string => (prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);

const bareHost = (host: string): string => {
  const port = host.lastIndexOf(':');
  const withoutPort = port >= 0 && !host.endsWith(']') ? host.slice(0, port) : host;
  return (withoutPort.endsWith('.') ? withoutPort.slice(0, -1) : withoutPort).toLowerCase();
};

/** Most requests name the host that the one before named. */
const names = new Latest(bareHost);
