// Loaded into the supervisor by NODE_OPTIONS (`killed-at-operation.ts`): kills it with -9 at one exact write of its
// journal, so that nothing in the product knows of this. Every other process of ours loads it too and is left alone.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { JournalEntry } from '../../src/control/store/rows.ts';
import type { Death, DeathOrder } from './death-order.ts';

const orderFile = process.env['POINTSMAN_TEST_DEATH'] ?? '';

/** Which order is counted for, and how far. */
const counted = { order: '', begun: 0, ended: 0, diesAtCommit: false };

const follow = ({ key, operation, outcome }: JournalEntry): void => {
  const order = currentOrder();
  if (order === undefined || operation.kind !== order.kind) return;
  if (outcome === undefined) {
    counted.begun += 1;
    // The intent is on disk, nothing has been done.
    if (order.when === 'before' && counted.begun === order.nth) {
      writeDeath({ key, kind: operation.kind, when: 'before' });
      counted.diesAtCommit = true;
    }
    return;
  }
  counted.ended += 1;
  // It has been done, and nobody will know.
  if (order.when === 'after' && counted.ended === order.nth) {
    writeDeath({ key, kind: operation.kind, when: 'after' });
    process.kill(process.pid, 'SIGKILL');
  }
};

const currentOrder = (): DeathOrder | undefined => {
  const text = readOrder();
  if (text === undefined) return undefined;
  if (text !== counted.order) Object.assign(counted, { order: text, begun: 0, ended: 0 });
  return JSON.parse(text) as DeathOrder;
};

const readOrder = (): string | undefined => {
  try {
    return readFileSync(orderFile, 'utf8');
  } catch {
    return undefined; // nobody is to die
  }
};

/** The next supervisor is to live. */
const writeDeath = (death: Death): void => {
  rmSync(orderFile);
  writeFileSync(`${orderFile}.done`, JSON.stringify(death));
};

const watchJournal = (): void => {
  const { prototype } = DatabaseSync;
  const prepare: (this: DatabaseSync, sql: string) => StatementSync = Reflect.get(prototype, 'prepare');
  const exec: (this: DatabaseSync, sql: string) => void = Reflect.get(prototype, 'exec');
  prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
    const statement = prepare.call(this, sql);
    if (!sql.startsWith('INSERT INTO journal')) return statement;
    const run = statement.run.bind(statement) as (...values: SQLInputValue[]) => ReturnType<StatementSync['run']>;
    statement.run = (...values: unknown[]) => {
      follow(JSON.parse(String(values[1])) as JournalEntry);
      return run(...(values as SQLInputValue[]));
    };
    return statement;
  };
  prototype.exec = function (this: DatabaseSync, sql: string): void {
    exec.call(this, sql);
    if (sql === 'COMMIT' && counted.diesAtCommit) process.kill(process.pid, 'SIGKILL');
  };
};

if (/supervisor\.[jt]s$/.test(process.argv[1] ?? '')) watchJournal();
