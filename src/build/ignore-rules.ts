import dockerignore from '@balena/dockerignore';

/** Which paths of a source folder stay out, by the rules of a `.dockerignore`. Paths are relative, with `/`. */
export interface IgnoreRules {
  ignores(path: string): boolean;
  /** An ignored folder is entered only if a `!` rule may keep something below it. */
  mayKeepBelow(folder: string): boolean;
}

export const parseIgnoreRules = (text: string): IgnoreRules => {
  // Docker tells cases apart, and reads these signs as themselves where the library would make an expression of them.
  const literal = text.replace(/^\uFEFF/, '').replaceAll(/[+(){}|]/g, String.raw`\$&`);
  const rules = dockerignore.default({ ignorecase: false }).add(literal);
  const kept = literal
    .split(/\r?\n/)
    .filter((line) => line.startsWith('!'))
    .map((line) =>
      line
        .slice(1)
        .trim()
        .replaceAll('\\', '')
        .replace(/^\.?\//, '')
        .split('/'),
    );
  return {
    ignores: (path) => rules.ignores(path),
    mayKeepBelow: (folder) => kept.some((pattern) => mayMatchBelow(pattern, folder.split('/'))),
  };
};

const mayMatchBelow = (pattern: readonly string[], folder: readonly string[]): boolean => {
  for (const [depth, name] of folder.entries()) {
    const part = pattern[depth];
    // A shorter pattern names the folder itself or one above it, and with it what is below.
    if (part === undefined || part === '' || /[*?[]/.test(part)) return true;
    if (part !== name) return false;
  }
  return true;
};
