import type { ServiceName } from '../../model/index.ts';
import type { Rows } from './rows.ts';
import type { TableRows } from './state-file.ts';

/** Tables that are read service by service, at every look. */
export type ServiceTable = 'revisions' | 'rollouts' | 'replicas' | 'slots';

const serviceOf: { readonly [Table in ServiceTable]: (row: Rows[Table]) => ServiceName } = {
  revisions: ({ service }) => service,
  rollouts: ({ rollout }) => rollout.service,
  replicas: ({ service }) => service,
  slots: ({ service }) => service,
};

export const isServiceTable = (table: keyof Rows): table is ServiceTable => table in serviceOf;

type Index = Map<ServiceName, ServiceRows>;

interface ServiceRows {
  readonly byKey: Map<string, unknown>;
  /** Made when it is asked for, and again after a change: looks are many more than changes. */
  list: readonly unknown[] | undefined;
}

/** Rows by service: with a thousand services, one of them is looked at without reading the rows of all. */
export class ServiceIndex {
  readonly #tables: { readonly [Table in ServiceTable]: Index } = {
    revisions: new Map(),
    rollouts: new Map(),
    replicas: new Map(),
    slots: new Map(),
  };

  constructor(rows: TableRows) {
    for (const table of Object.keys(serviceOf) as ServiceTable[]) {
      for (const [key, row] of rows[table]) this.put(table, key, row);
    }
  }

  /** In order of first insertion. */
  of<Table extends ServiceTable>(table: Table, service: ServiceName): readonly Rows[Table][] {
    const rows = this.#tables[table].get(service);
    if (rows === undefined) return [];
    rows.list ??= [...rows.byKey.values()];
    return rows.list as readonly Rows[Table][];
  }

  put<Table extends ServiceTable>(table: Table, key: string, row: Rows[Table]): void {
    const service = serviceOf[table](row);
    const rows = this.#tables[table].get(service) ?? { byKey: new Map<string, unknown>(), list: undefined };
    rows.byKey.set(key, row);
    rows.list = undefined;
    this.#tables[table].set(service, rows);
  }

  drop<Table extends ServiceTable>(table: Table, key: string, row: Rows[Table]): void {
    const service = serviceOf[table](row);
    const rows = this.#tables[table].get(service);
    if (rows === undefined) return;
    rows.byKey.delete(key);
    rows.list = undefined;
    if (rows.byKey.size === 0) this.#tables[table].delete(service);
  }
}
