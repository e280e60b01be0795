import type { Builder } from '../build/index.ts';
import type { ServiceName, ServiceSpec } from '../model/index.ts';
import type { HashedSpec } from './changes.ts';
import { canonical, inputHash, specHash } from './input-hash.ts';

/** Hashes specs with their sources; a source that nobody touched is not read again. */
export class SpecHasher {
  readonly #builder: Builder;
  readonly #inputs = new Map<ServiceName, { readonly source: string; readonly hash: string }>();

  constructor(builder: Builder) {
    this.#builder = builder;
  }

  async hash(
    specs: readonly ServiceSpec[],
    touched: ReadonlySet<ServiceName> | undefined,
    signal: AbortSignal,
  ): Promise<readonly HashedSpec[]> {
    const hashed: HashedSpec[] = [];
    for (const spec of specs) {
      const source = canonical(spec.image);
      const known = this.#inputs.get(spec.name);
      const isUntouched = touched !== undefined && !touched.has(spec.name) && known?.source === source;
      const hash = isUntouched ? known.hash : await inputHash(this.#builder, spec, signal);
      this.#inputs.set(spec.name, { source, hash });
      hashed.push({ spec, specHash: specHash(spec, hash) });
    }
    return hashed;
  }
}
