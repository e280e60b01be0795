import picomatch from 'picomatch';

/** Never a source: what version control, installers and we ourselves write. */
export const isIgnoredName = (name: string): boolean => ignoredNames.has(name);

const ignoredNames = new Set(['.git', 'node_modules', '.pointsman', '__pycache__']);

/**
 * gitignore-style, as Railway reads them: a leading slash is the root, a pattern without a slash matches anywhere, a
 * folder stands for all in it, `!` takes out again, the last match wins.
 */
export const matchesPatterns = (patterns: readonly string[]): ((path: string) => boolean) => {
  const rules = patterns.map((pattern) => {
    const isNegated = pattern.startsWith('!');
    return { isNegated, matches: picomatch(globsOf(isNegated ? pattern.slice(1) : pattern), { dot: true }) };
  });
  return (path) => rules.findLast((rule) => rule.matches(path))?.isNegated === false;
};

const globsOf = (pattern: string): string[] => {
  const body = pattern.replace(/\/+$/, '');
  const anchored = body.startsWith('/') || body.slice(1).includes('/') ? body.replace(/^\/+/, '') : `**/${body}`;
  return [anchored, `${anchored}/**`];
};
