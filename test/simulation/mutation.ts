import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { generate as Generate } from './generate.ts';
import type { Mutant } from './mutants.ts';
import { mutants } from './mutants.ts';
import type { play as Play } from './play.ts';

const source = new URL('../../src/', import.meta.url);

/** The simulation with the product in it, the mutant's one line made wrong while it is loaded. */
export const mutated = async (mutant: Mutant): Promise<{ generate: typeof Generate; play: typeof Play }> => {
  const text = readFileSync(new URL(mutant.file, source), 'utf8');
  if (!text.includes(mutant.find))
    throw new Error(`${mutant.file} has no \`${mutant.find}\`: the mutant is out of date`);
  hook();
  const query = `?mutant=${mutants.indexOf(mutant)}`;
  const [{ generate }, { play }] = (await Promise.all([
    import(`./generate.ts${query}`),
    import(`./play.ts${query}`),
  ])) as [{ generate: typeof Generate }, { play: typeof Play }];
  return { generate, play };
};

const hooks: ReturnType<typeof registerHooks>[] = [];

/** Whatever a mutated module imports is loaded anew for it. */
const hook = (): void => {
  if (hooks.length > 0) return;
  const hooked = registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      const query = context.parentURL === undefined ? '' : new URL(context.parentURL).search;
      const isOurs =
        query.startsWith('?mutant=') && specifier.startsWith('.') && !resolved.url.includes('/node_modules/');
      return isOurs ? { ...resolved, url: resolved.url.replace(/\?.*$/, '') + query } : resolved;
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const mutant = mutants[Number(new URL(url).searchParams.get('mutant') ?? -1)];
      if (mutant === undefined || new URL(url).pathname !== new URL(mutant.file, source).pathname) return loaded;
      return {
        ...loaded,
        source: readFileSync(new URL(mutant.file, source), 'utf8').replace(mutant.find, mutant.replace),
      };
    },
  });
  hooks.push(hooked);
};
