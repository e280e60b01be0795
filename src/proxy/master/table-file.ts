import { crc32 } from 'node:zlib';
import { writeFileAtomically } from '../../lib/index.ts';
import type { RouteTable } from '../../model/index.ts';
import type { ListenerAddress } from '../../protocol/index.ts';
import { tableFault } from './table-check.ts';

/** A table with the ports it got, as it survives the proxy's own end. */
export interface StoredTable {
  readonly table: RouteTable;
  readonly listeners: readonly ListenerAddress[];
}

/** As it lies on disk. */
export interface TableFile {
  readonly checksum: string;
  readonly bytes: number;
}

const format = 'pointsman-proxy-table';
/** Since 3 what was published later may lie in a file beside it; since 4 the checksum is `checksumOf`. */
const version = 4;

export const writeTable = async (path: string, stored: StoredTable): Promise<TableFile> => {
  // Put into words once, for the checksum and for the file.
  const content = JSON.stringify({ table: stored.table, listeners: stored.listeners });
  const checksum = checksumOf(content);
  const head = `{"format": "${format}", "version": ${version}, "checksum": "${checksum}",\n`;
  await writeFileAtomically(path, `${head}${content.slice(1)}\n`, 0o600);
  return { checksum, bytes: content.length };
};

/** What the text of a table file holds, or why that can't be used. */
export const parseTable = (text: string): (StoredTable & { readonly checksum: string }) | string => {
  const file = parseJson(text);
  if (file === undefined) return 'it is torn or not JSON';
  if (file['format'] !== format) return 'it is not a table of this proxy';
  if (![1, 2, 3, version].includes(file['version'] as number))
    return `its version is ${String(file['version'])}, this proxy knows ${version}`;
  const content = { table: file['table'], listeners: file['listeners'] };
  const sumOf = file['version'] === version ? checksumOf : formerChecksumOf;
  const checksum = sumOf(JSON.stringify(content));
  if (file['checksum'] !== checksum) return 'its checksum does not match its content';
  const table = file['version'] === 1 ? withKinds(content.table) : content.table;
  return tableFault(table) ?? ({ ...content, table, checksum } as StoredTable & { readonly checksum: string });
};

/** Version 1 knew one kind of listener only and did not name it. */
const withKinds = (table: unknown): unknown => {
  const { listeners } = (table ?? {}) as { readonly listeners?: unknown };
  if (!Array.isArray(listeners)) return table;
  return { ...(table as object), listeners: listeners.map((listener: object) => ({ ...listener, kind: 'http' })) };
};

export const parseJson = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

/** It guards against accidents, not against people; node:crypto would be a megabyte in every master. */
export const checksumOf = (content: string): string => crc32(content).toString(16).padStart(8, '0');

/** Of files from before. */
export const formerChecksumOf = (content: string): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(content).digest('hex');
