/** Words of a command as a shell would split them: quotes and backslashes count, nothing is expanded. */
export const splitCommandLine = (line: string): readonly string[] =>
  [...line.matchAll(word)].map(([text]) => unquote(text));

/** Runs of: backslash and any character, 'single quoted', "double quoted", anything but spaces and quotes. */
const word = /(?:\\[\s\S]|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|[^\s'"\\]|['"\\])+/g;

const unquote = (text: string): string =>
  text.replaceAll(
    /\\([\s\S])|'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"/g,
    (_whole, escaped?: string, single?: string, double?: string) =>
      escaped ?? single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? '',
  );
