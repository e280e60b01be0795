import { constants } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../lib/index.ts';
import type { ProxyFolder, TableChange } from '../../protocol/index.ts';
import { checkChange } from './change-check.ts';
import { HeldTable } from './held-table.ts';
import { parseTable, writeTable } from './table-file.ts';
import type { StoredTable, TableFile } from './table-file.ts';
import { journalHead, journalLine, parseJournal } from './table-journal.ts';

export type ReadTable =
  | { readonly kind: 'none' }
  /** `warning`: what was found beside it and left out. */
  | { readonly kind: 'table'; readonly stored: StoredTable; readonly warning: string | undefined }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Where the next change goes. */
interface JournalEnd {
  /** 0: the file is not there yet. */
  readonly bytes: number;
  readonly sum: string;
}

/** Changes are cheap to write and dear to keep: when there are more of them than of the table it is written anew. */
const leastJournalBytes = 64 * 1024;

/** The last table on disk: a whole one, and what changed since then beside it. What is kept is there after a crash. */
export class KeptTable {
  readonly #paths: Pick<ProxyFolder, 'table' | 'tableChanges'>;
  #file: TableFile | undefined;
  /** undefined: what lies there is not known to be the table before the next one, which is written whole then. */
  #end: JournalEnd | undefined;

  constructor(paths: Pick<ProxyFolder, 'table' | 'tableChanges'>) {
    this.#paths = paths;
  }

  /** Whole and ours, or not used at all. What can't be used is put aside, so that it is not lost when the next table is written. */
  async read(): Promise<ReadTable> {
    const [table, changes] = [await readText(this.#paths.table), await readText(this.#paths.tableChanges)];
    if (table === undefined && changes === undefined) return { kind: 'none' };
    const { table: path, tableChanges } = this.#paths;
    if (table === undefined) return await putAside([tableChanges], tableChanges, `there is no ${path} that it follows`);
    const stored = parseTable(table);
    const both = changes === undefined ? [path] : [path, tableChanges];
    if (typeof stored === 'string') return await putAside(both, path, stored);
    if (changes === undefined) return { kind: 'table', stored, warning: undefined };
    const read = withChanges(stored, changes);
    if (typeof read === 'string') return await putAside(both, tableChanges, read);
    const warning = `${tableChanges} ends in a torn change, which nobody was told of; the table before it serves`;
    return { kind: 'table', stored: read.stored, warning: read.isTorn ? warning : undefined };
  }

  /** Throws the file system's error. */
  async write(stored: StoredTable): Promise<void> {
    this.#end = undefined;
    this.#file = await writeTable(this.#paths.table, stored);
    await rm(this.#paths.tableChanges, { force: true });
    this.#end = { bytes: 0, sum: this.#file.checksum };
  }

  /** `whole` is asked for where the change can't be written behind what is there. Throws the file system's error. */
  async add(change: TableChange, whole: () => StoredTable): Promise<void> {
    const end = this.#end;
    this.#end = undefined;
    if (end !== undefined) this.#end = await this.#append(end, change).catch(() => undefined);
    if (this.#end === undefined) await this.write(whole());
  }

  /** It is time to write the table whole again. */
  get isLong(): boolean {
    return (this.#end?.bytes ?? 0) > Math.max(leastJournalBytes, this.#file?.bytes ?? 0);
  }

  async #append({ bytes, sum }: JournalEnd, change: TableChange): Promise<JournalEnd | undefined> {
    const path = this.#paths.tableChanges;
    const line = journalLine(sum, change);
    const text = Buffer.from(bytes === 0 ? journalHead(sum) + line.text : line.text);
    const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants;
    const file = await open(path, bytes === 0 ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY | O_APPEND, 0o600);
    try {
      // Somebody else has been at it.
      if ((await file.stat()).size !== bytes) return undefined;
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (bytes === 0) await syncFolder(dirname(path));
    return { bytes: bytes + text.length, sum: line.sum };
  }
}

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const putAside = async (paths: readonly string[], faulty: string, why: string): Promise<ReadTable> => {
  for (const path of paths) await rename(path, `${path}.unusable`);
  const names = paths.map((path) => `${path}.unusable`).join(' and ');
  return { kind: 'unusable', reason: `${faulty} can't be used: ${why}; moved to ${names}` };
};

/** The table after all changes, or why they can't be used; without them it would be one that serves no more. */
const withChanges = (
  stored: StoredTable & { readonly checksum: string },
  text: string,
): { readonly stored: StoredTable; readonly isTorn: boolean } | string => {
  const journal = parseJournal(text);
  if (typeof journal === 'string') return journal;
  if (journal.follows !== stored.checksum) {
    // Whoever writes a table whole removes what came before it, unless a crash keeps it from that.
    const last = journal.changes.at(-1) as TableChange | undefined;
    const isOld = last === undefined || last.generation <= stored.table.generation;
    return isOld ? { stored, isTorn: journal.isTorn } : 'they follow another table';
  }
  const held = new HeldTable(stored.table);
  for (const entry of journal.changes) {
    const checked = checkChange(entry, held);
    if (checked.kind === 'bad') return checked.reason;
    if (checked.kind === 'misfit') return `a change does not fit table ${held.generation}`;
    held.apply(checked.change);
  }
  return { stored: { ...stored, table: held.table }, isTorn: journal.isTorn };
};
