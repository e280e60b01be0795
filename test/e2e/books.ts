import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, vi } from 'vitest';
import type { JournalEntry } from '../../src/control/store/rows.ts';
import type { Event, Operation } from '../../src/model/index.ts';
import type { ServiceStatus } from '../../src/protocol/index.ts';
import { labelledReplicas } from './left-overs.ts';
import type { Project } from './project.ts';

/** Every operation of the project so far, in the order in which they were begun; undefined while one is under way. */
export const endedOperations = (project: Project): readonly Operation[] | undefined => {
  const journal = journalOf(project);
  return journal.some(({ outcome }) => outcome === undefined) ? undefined : journal.map(({ operation }) => operation);
};

/**
 * At rest, what runs is what the status says, what the labels say and what the journal says: all that was started and
 * not removed, nothing that was never begun (of a start that was cut off the journal can't know), no operation open.
 */
export const expectBooksInOrder = (
  project: Project,
  service: ServiceStatus,
  removedByHand: readonly string[] = [],
): Promise<void> =>
  // What was just done is written down a moment later.
  vi.waitFor(() => compareBooks(project, service, removedByHand), { timeout: 60_000, interval: 100 });

const compareBooks = async (
  project: Project,
  service: ServiceStatus,
  removedByHand: readonly string[],
): Promise<void> => {
  const { name, replicas, ready, wanted } = service;
  const journal = journalOf(project).filter(({ operation }) => operation.service === name);
  expect(journal.filter(({ outcome }) => outcome === undefined)).toEqual([]);
  const removed = new Set([...replicasIn(journal, 'remove'), ...neverStarted(project), ...removedByHand]);
  const remaining = (entries: readonly JournalEntry[]): readonly string[] =>
    replicasIn(entries, 'start').filter((id) => !removed.has(id));
  const known = replicas.map(({ id }) => id).sort();
  expect({ ready, known: known.length }).toEqual({ ready: wanted, known: wanted });
  expect(remaining(journal)).toEqual(expect.arrayContaining(known));
  expect(known).toEqual(expect.arrayContaining([...remaining(journal.filter(({ outcome }) => outcome === 'done'))]));
  expect(await project.replicas()).toHaveLength(wanted);
  if (project.engine === 'docker') expect(await labelledReplicas(project.stateFolder, name)).toEqual(known);
};

const replicasIn = (journal: readonly JournalEntry[], kind: 'start' | 'remove'): readonly string[] =>
  journal.flatMap(({ operation }) => {
    if (operation.kind !== kind) return [];
    return [operation.kind === 'start' ? operation.replica.id : operation.replica];
  });

/** Their start is done with: the events say that it could not be. */
const neverStarted = (project: Project): readonly string[] =>
  rowsOf(project, 'events').flatMap(({ reason, replica }) =>
    reason === 'StartFailed' && replica !== undefined ? [replica] : [],
  );

const journalOf = (project: Project): readonly JournalEntry[] => rowsOf(project, 'journal');

interface Kept {
  readonly journal: JournalEntry;
  readonly events: Event;
}

const rowsOf = <Table extends keyof Kept>(project: Project, table: Table): readonly Kept[Table][] => {
  const database = new DatabaseSync(join(project.stateFolder, 'state.db'), { readOnly: true });
  try {
    const rows = database.prepare(`SELECT row FROM ${table} ORDER BY rowid`).all();
    return rows.map((row) => JSON.parse(String(row['row'])) as Kept[Table]);
  } finally {
    database.close();
  }
};
