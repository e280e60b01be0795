import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { writeFileAtomically } from '../../lib/index.ts';
import type { RouteTable } from '../../model/index.ts';
import type { ListenerAddress } from '../../protocol/index.ts';
import { tableFault } from './table-check.ts';

/** The last table with the ports it got, as it survives the proxy's own end. */
export interface StoredTable {
  readonly table: RouteTable;
  readonly listeners: readonly ListenerAddress[];
}

const format = 'pointsman-proxy-table';
const version = 2;

export const writeTable = async (path: string, stored: StoredTable): Promise<void> => {
  // Large tables are written often: they are put into words once, for the checksum and for the file.
  const content = JSON.stringify({ table: stored.table, listeners: stored.listeners });
  const head = `{"format": "${format}", "version": ${version}, "checksum": "${checksum(content)}",\n`;
  await writeFileAtomically(path, `${head}${content.slice(1)}\n`, 0o600);
};

export type ReadTable =
  | { readonly kind: 'none' }
  | { readonly kind: 'table'; readonly stored: StoredTable }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Whole and ours, or not used at all. What can't be used is put aside, so that it is not lost when the next table is written. */
export const readTable = async (path: string): Promise<ReadTable> => {
  const text = await readText(path);
  if (text === undefined) return { kind: 'none' };
  const parsed = parse(text);
  if (typeof parsed !== 'string') return { kind: 'table', stored: parsed };
  const aside = `${path}.unusable`;
  await rename(path, aside);
  return { kind: 'unusable', reason: `${path} can't be used: ${parsed}; it was moved to ${aside}` };
};

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** The stored table, or why there is none in this text. */
const parse = (text: string): StoredTable | string => {
  const file = parseJson(text);
  if (file === undefined) return 'it is torn or not JSON';
  if (file['format'] !== format) return 'it is not a table of this proxy';
  if (file['version'] !== version && file['version'] !== 1)
    return `its version is ${String(file['version'])}, this proxy knows ${version}`;
  const content = { table: file['table'], listeners: file['listeners'] };
  if (file['checksum'] !== checksum(JSON.stringify(content))) return 'its checksum does not match its content';
  const table = file['version'] === 1 ? withKinds(content.table) : content.table;
  return tableFault(table) ?? ({ ...content, table } as StoredTable);
};

/** Version 1 knew one kind of listener only and did not name it. */
const withKinds = (table: unknown): unknown => {
  const { listeners } = (table ?? {}) as { readonly listeners?: unknown };
  if (!Array.isArray(listeners)) return table;
  return { ...(table as object), listeners: listeners.map((listener: object) => ({ ...listener, kind: 'http' })) };
};

const parseJson = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

const checksum = (content: string): string => createHash('sha256').update(content).digest('hex');
