import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { PointsmanError } from '../model/index.ts';
import type { SourceLocation } from '../model/index.ts';

export type Path = readonly (string | number)[];

/** One YAML document as plain values, which still knows where each of them was written. */
export interface ManifestDocument {
  readonly file: string;
  readonly value: unknown;
  /** Of the value, or of the nearest thing around it that was written. */
  readonly locate: (path: Path) => SourceLocation;
  /** Of the key itself. */
  readonly locateKey: (path: Path) => SourceLocation;
  /** A number or boolean as it was written: `1.10` is not `1.1`. */
  readonly sourceText: (path: Path) => string | undefined;
}

export interface ParsedFile {
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly PointsmanError[];
}

export const parseManifestText = (file: string, content: string): ParsedFile => {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(content, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const written = [...parsed].filter((document) => document.contents !== null || document.errors.length > 0);
  const at = (offset: number): SourceLocation => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (written.length === 0) {
    const details = {
      message: 'The file is empty.',
      fix: 'Write a document with apiVersion, kind, metadata and spec.',
    };
    return { documents: [], problems: [new PointsmanError('MANIFEST_SYNTAX', { ...details, where: at(0) })] };
  }
  const results = written.map((document) => readDocument(file, document, at));
  return {
    documents: results.flatMap(({ documents }) => documents),
    problems: results.flatMap(({ problems }) => problems),
  };
};

const readDocument = (file: string, document: Document, at: (offset: number) => SourceLocation): ParsedFile => {
  const problems = document.errors.map(
    (error) =>
      new PointsmanError('MANIFEST_SYNTAX', {
        message: `This is not valid YAML: ${error.message}.`,
        fix: 'Correct the syntax at this place.',
        where: at(error.pos[0]),
      }),
  );
  if (problems.length > 0) return { documents: [], problems };
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const start = document.contents?.range?.[0] ?? 0;
    return { documents: [{ file, value, ...locatorsOf(document, start, at) }], problems };
  } catch (error) {
    const message = `This YAML can't be read: ${error instanceof Error ? error.message : String(error)}.`;
    const fix = 'Write out what the aliases stand for.';
    return { documents: [], problems: [new PointsmanError('MANIFEST_SYNTAX', { message, fix, where: at(0) })] };
  }
};

const locatorsOf = (document: Document, start: number, at: (offset: number) => SourceLocation) => ({
  locate: (path: Path) => {
    const found = walk(document, path);
    return at(found.node?.range?.[0] ?? found.keyOffset ?? start);
  },
  locateKey: (path: Path) => {
    const found = walk(document, path);
    return at(found.keyOffset ?? found.node?.range?.[0] ?? start);
  },
  sourceText: (path: Path) => {
    const { node } = walk(document, path);
    return isScalar(node) ? node.source : undefined;
  },
});

interface Found {
  readonly node: Node | undefined;
  readonly keyOffset: number | undefined;
}

/** As far along the path as something was written. */
const walk = (document: Document, path: Path): Found => {
  const steps: Found[] = [{ node: document.contents ?? undefined, keyOffset: undefined }];
  for (const step of path) {
    const next = child(document, steps.at(-1)?.node, step);
    if (next === undefined) break;
    steps.push(next);
  }
  return steps.at(-1) ?? { node: undefined, keyOffset: undefined };
};

const child = (document: Document, parent: Node | undefined, step: string | number): Found | undefined => {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isMap(node)) {
    const pair = node.items.find((item) => keyText(item) === String(step));
    if (pair === undefined) return undefined;
    const key = pair.key as Node | null;
    return { node: (pair.value as Node | null) ?? undefined, keyOffset: key?.range?.[0] };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(step)] as Node | undefined;
  return item === undefined ? undefined : { node: item, keyOffset: item.range?.[0] };
};

const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));
