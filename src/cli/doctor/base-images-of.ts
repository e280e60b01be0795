/** The images a Dockerfile builds on: every FROM that is no earlier stage, with the arguments it is given. */
export const baseImagesOf = (dockerfile: string, given: Readonly<Record<string, string>>): readonly string[] => {
  const values = new Map<string, string>();
  const stages = new Set(['scratch']);
  const images: string[] = [];
  for (const line of dockerfile.replaceAll(/\\\r?\n/g, ' ').split('\n')) {
    const [instruction = '', ...words] = line.trim().split(/\s+/);
    if (instruction.toUpperCase() === 'ARG' && images.length === 0)
      for (const word of words) declare(word, given, values);
    if (instruction.toUpperCase() !== 'FROM') continue;
    const [image = '', as = '', stage = ''] = words.filter((word) => !word.startsWith('--'));
    const name = substituted(image, values);
    if (name !== '' && !stages.has(name)) images.push(name);
    if (as.toUpperCase() === 'AS') stages.add(stage);
  }
  return images;
};

const declare = (word: string, given: Readonly<Record<string, string>>, values: Map<string, string>): void => {
  const [name = '', preset = ''] = word.split(/=(.*)/s);
  values.set(name, given[name] ?? preset.replaceAll(/^["']|["']$/g, ''));
};

/** `$NAME`, `${NAME}`, `${NAME:-otherwise}` */
const substituted = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replaceAll(
    /\$\{(?<braced>\w+)(?::-(?<otherwise>[^}]*))?\}|\$(?<bare>\w+)/g,
    (_match, braced: string | undefined, otherwise: string | undefined, bare: string | undefined) =>
      values.get(braced ?? bare ?? '') || (otherwise ?? ''),
  );
