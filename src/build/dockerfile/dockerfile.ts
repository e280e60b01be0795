import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PointsmanError } from '../../model/index.ts';

/** An image that a Dockerfile names but does not make. */
export interface BaseImage {
  readonly name: string;
  /** Line of the Dockerfile, from 1. */
  readonly line: number;
  /** Arguments that the name is made of. */
  readonly args: readonly string[];
}

/** Throws DOCKERFILE_NOT_FOUND with the files that may have been meant. */
export const readDockerfile = async (path: string, label: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const near = await namesLike(path);
    throw new PointsmanError('DOCKERFILE_NOT_FOUND', {
      message: `${label} is built by ${path}, which ${isGone(error) ? 'does not exist' : `can't be read: ${String(error)}`}`,
      fix:
        near.length > 0
          ? `did you mean ${near.join(' or ')}? Set build.dockerfilePath`
          : 'add it, or set build.dockerfilePath',
      cause: error,
    });
  }
};

/**
 * The text that is sent: a `# syntax=` line makes BuildKit fetch its front end from a registry before it does anything,
 * and the one built in reads the same language. Lines keep their numbers.
 */
export const withoutSyntaxLine = (text: string): string => {
  const lines = text.split('\n');
  const directives = lines.slice(0, directiveCount(lines));
  const kept = directives.filter((line) => !/^#\s*syntax\s*=/i.test(line.trim()));
  const padding = Array.from({ length: directives.length - kept.length }, () => '#');
  return [...kept, ...padding, ...lines.slice(directives.length)].join('\n');
};

/** Images that FROM, COPY --from and RUN --mount from= name, with the build's arguments put in; stages and `scratch` left out. */
export const baseImages = (text: string, buildArgs: Readonly<Record<string, string>>): readonly BaseImage[] => {
  const args = new Map<string, string>();
  const stages = new Set<string>();
  const found: BaseImage[] = [];
  const add = (reference: string, line: number): void => {
    const name = expand(reference, args);
    const isStage = stages.has(name.toLowerCase()) || /^\d*$/.test(name);
    if (isStage || name === 'scratch' || found.some((base) => base.name === name)) return;
    found.push({ name, line, args: [...reference.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? '') });
  };
  for (const { words, line } of instructions(text)) {
    const [keyword = '', ...rest] = words;
    const operands = rest.filter((word) => !word.startsWith('--'));
    if (/^arg$/i.test(keyword) && stages.size === 0) {
      for (const declared of operands) declare(declared, buildArgs, args);
    } else if (/^from$/i.test(keyword)) {
      add(operands[0] ?? '', line);
      stages.add((operands[2] ?? `\0${line}`).toLowerCase());
    } else {
      for (const reference of otherSources(rest)) add(reference, line);
    }
  }
  return found;
};

/** What COPY --from and RUN --mount from= name. */
const otherSources = (words: readonly string[]): readonly string[] =>
  words
    .filter((word) => word.startsWith('--'))
    .map((option) => /^--from=(.+)$/.exec(option) ?? /^--mount=(?:.*,)?from=([^,]+)/.exec(option))
    .flatMap((match) => match?.[1] ?? []);

const declare = (declared: string, given: Readonly<Record<string, string>>, args: Map<string, string>): void => {
  const [name = '', ...value] = declared.split('=');
  const text = given[name] ?? expand(value.join('=').replace(/^(["'])(.*)\1$/, '$2'), args);
  args.set(name, text);
};

/** `$X`, `${X}`, `${X:-otherwise}` and `${X:+instead}`, as Dockerfiles know them. */
const expand = (text: string, args: ReadonlyMap<string, string>): string =>
  text
    .replaceAll(/\$(\w+)/g, '${$1}')
    .replaceAll(/\$\{(\w+)(?::([-+])([^}]*))?\}/g, (_, name: string, operator?: string, operand = '') => {
      const value = args.get(name) ?? '';
      if (operator === '-') return value === '' ? operand : value;
      if (operator === '+') return value === '' ? '' : operand;
      return value;
    });

interface Instruction {
  readonly words: readonly string[];
  readonly line: number;
}

function* instructions(text: string): Generator<Instruction> {
  const lines = text.split(/\r?\n/);
  const escape = lines.slice(0, directiveCount(lines)).some((line) => /^#\s*escape\s*=\s*`/i.test(line)) ? '`' : '\\';
  let joined = '';
  let first = 0;
  let heredoc: string | undefined;
  for (const [index, line] of lines.entries()) {
    if (heredoc !== undefined) {
      if (line.trim() === heredoc) heredoc = undefined;
      continue;
    }
    if (/^\s*(#|$)/.test(line)) continue;
    if (joined === '') first = index + 1;
    const continues = line.trimEnd().endsWith(escape);
    joined += continues ? line.trimEnd().slice(0, -1) : line;
    if (continues) continue;
    yield { words: joined.trim().split(/\s+/), line: first };
    heredoc = /^\s*(?:run|copy|add)\b.*<<-?["']?(\w+)["']?/i.exec(joined)?.[1];
    joined = '';
  }
}

/** Parser directives stand at the very top; the first other line ends them. */
const directiveCount = (lines: readonly string[]): number => {
  const end = lines.findIndex((line) => !/^\s*#\s*\w+\s*=/.test(line.replace(/^\uFEFF/, '')));
  return end === -1 ? lines.length : end;
};

const namesLike = async (path: string): Promise<readonly string[]> => {
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter(
      (name) => /dockerfile|containerfile/i.test(name) && !name.endsWith('.dockerignore') && name !== basename(path),
    )
    .map((name) => join(dirname(path), name));
};

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
