import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, vi } from 'vitest';
import type { JournalEntry, RolloutRecord } from '../../src/control/store/rows.ts';
import { isFinished } from '../../src/model/index.ts';
import type { Event, Operation } from '../../src/model/index.ts';
import type { ServiceStatus } from '../../src/protocol/index.ts';
import { labelledReplicas, surroundings } from './left-overs.ts';
import type { Project } from './project.ts';

/** Every operation of the project so far, in the order in which they were begun; undefined while one is under way. */
export const endedOperations = (project: Project): readonly Operation[] | undefined => {
  const journal = journalOf(project);
  return journal.some(({ outcome }) => outcome === undefined) ? undefined : journal.map(({ operation }) => operation);
};

/** The newest deploy of a service is done, in whatever way, and nothing that it began is under way. */
export const isOver = (project: Project, service: string): boolean => {
  const deploys = rowsOf(project, 'rollouts').filter(({ rollout }) => rollout.service === service);
  const newest = deploys.toSorted((a, b) => a.order - b.order).at(-1)?.rollout;
  // In this order: what is over begins nothing more.
  return newest !== undefined && isFinished(newest.phase) && endedOperations(project) !== undefined;
};

/**
 * At rest, what runs is what the status says, what the labels say and what the journal says: all that was started and
 * not removed, nothing that was never begun (of a start that was cut off the journal can't know), no operation open.
 * And there is nothing else of the project's.
 */
export const expectBooksInOrder = (
  project: Project,
  services: readonly ServiceStatus[],
  removedByHand: readonly string[] = [],
): Promise<void> =>
  // What was just done is written down a moment later.
  vi.waitFor(() => compareBooks(project, services, removedByHand), { timeout: 60_000, interval: 100 });

const compareBooks = async (
  project: Project,
  services: readonly ServiceStatus[],
  removedByHand: readonly string[],
): Promise<void> => {
  for (const service of services) compareJournal(project, service, removedByHand);
  const known = services.flatMap(({ replicas }) => replicas.map(({ id }) => id)).sort();
  expect(await project.replicas()).toHaveLength(known.length);
  expect(await labelledReplicas(project)).toEqual(known);
  expect(await surroundings(project)).toEqual(['proxy', 'supervisor', placeOf[project.engine]].sort());
};

/** Where replicas live. */
const placeOf = { docker: 'network', process: 'runner' } as const;

const compareJournal = (
  project: Project,
  { name, replicas, ready, wanted }: ServiceStatus,
  removedByHand: readonly string[],
): void => {
  const journal = journalOf(project).filter(({ operation }) => operation.service === name);
  expect(journal.filter(({ outcome }) => outcome === undefined)).toEqual([]);
  const removed = new Set([...replicasIn(journal, 'remove'), ...neverStarted(project), ...removedByHand]);
  const remaining = (entries: readonly JournalEntry[]): readonly string[] =>
    replicasIn(entries, 'start').filter((id) => !removed.has(id));
  const known = replicas.map(({ id }) => id);
  expect({ ready, known: known.length }).toEqual({ ready: wanted, known: wanted });
  expect(remaining(journal)).toEqual(expect.arrayContaining(known));
  expect(known).toEqual(expect.arrayContaining([...remaining(journal.filter(({ outcome }) => outcome === 'done'))]));
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
  readonly rollouts: RolloutRecord;
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
