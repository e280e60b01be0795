import type { RouteTable } from '../model/index.ts';
import type { DomainOwners } from './merged-table.ts';
import { environmentOfPool, JoinedRoutes, mergedTable, partOf } from './merged-table.ts';
import type { ProxyLink, Published } from './port.ts';

/**
 * One proxy for several environments. Each publishes a table of its own; what the proxy serves is all of them, under one
 * number that only ever rises, one publication at a time.
 */
export class SharedProxy {
  readonly #link: ProxyLink;
  readonly #parts = new Map<string, RouteTable>();
  readonly #joins = new JoinedRoutes();
  #owners: DomainOwners;
  #generation: number;
  #served: RouteTable | undefined;
  /** By pool, of the table that is served; made when somebody asks. */
  #hosts: ReadonlyMap<string, readonly string[]> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(link: ProxyLink, owners: DomainOwners) {
    this.#link = link;
    this.#owners = owners;
    const { table } = link.hello;
    this.#generation = table?.generation ?? 0;
    this.#served = table;
    for (const environment of new Set(table?.pools.map(({ id }) => environmentOfPool(id)))) {
      const part = table && partOf(table, environment, owners);
      if (part !== undefined) this.#parts.set(environment, part);
    }
  }

  get owners(): DomainOwners {
    return this.#owners;
  }

  /** The public hosts that lead to a pool right now; undefined: no such pool is served. */
  hostsOf(pool: string): readonly string[] | undefined {
    this.#hosts ??= publicHosts(this.#served);
    return this.#hosts.get(pool);
  }

  /** Everything an environment may do with the proxy. Its shutdown takes its own part away; the proxy stays for the others. */
  linkFor(environment: string): ProxyLink {
    const link = this.#link;
    return {
      get hello() {
        return link.hello;
      },
      publish: (table, signal) => this.#publish((parts) => parts.set(environment, table), this.#owners, signal),
      drain: (order, signal) => link.drain(order, signal),
      cut: (upstream, signal) => link.cut(upstream, signal),
      inFlight: (signal) => link.inFlight(signal),
      onDraining: (callback) => link.onDraining(callback),
      onLedger: (callback) => link.onLedger(callback),
      onLost: (callback) => link.onLost(callback),
      onBack: (callback) => link.onBack(callback),
      onNotice: (callback) => link.onNotice(callback),
      shutdown: (signal) => this.#leave(environment, signal),
      close: () => Promise.resolve(),
      destroy: () => undefined,
    };
  }

  /** From one acknowledged table to the next, all domains of two environments change hands. */
  async swapDomains(one: string, other: string, signal: AbortSignal): Promise<Published> {
    const now = (environment: string): string => this.#owners[environment] ?? environment;
    const swapped = { ...this.#owners, [one]: now(other), [other]: now(one) };
    const owners = Object.fromEntries(Object.entries(swapped).filter(([key, owner]) => key !== owner));
    const published = await this.#publish(() => undefined, owners, signal);
    this.#owners = owners;
    return published;
  }

  async #leave(environment: string, signal: AbortSignal): Promise<void> {
    if ([...this.#parts.keys()].every((key) => key === environment)) return this.#link.shutdown(signal);
    const rest = Object.entries(this.#owners).filter((pair) => !pair.includes(environment));
    const owners = Object.fromEntries(rest);
    await this.#publish((parts) => parts.delete(environment), owners, signal);
    this.#owners = owners;
  }

  /** What the proxy refuses changes nothing. */
  #publish(
    change: (parts: Map<string, RouteTable>) => unknown,
    owners: DomainOwners,
    signal: AbortSignal,
  ): Promise<Published> {
    const publish = async (): Promise<Published> => {
      const parts = new Map(this.#parts);
      change(parts);
      const generation = Math.max(this.#generation, this.#link.hello.table?.generation ?? 0) + 1;
      const table = mergedTable(parts, owners, generation, this.#joins);
      const published = await this.#link.publish(table, signal);
      this.#generation = published.generation;
      this.#served = table;
      this.#hosts = undefined;
      change(this.#parts);
      return published;
    };
    const turn = this.#turn.then(publish, publish);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** Several listeners may lead to the same pool by the same host. */
const publicHosts = (table: RouteTable | undefined): ReadonlyMap<string, readonly string[]> => {
  const routes = (table?.listeners ?? []).flatMap((listener) => ('routes' in listener ? listener.routes : []));
  const hosts = routes.filter(({ host, revision }) => host !== '*' && revision === undefined);
  const byPool = Map.groupBy(hosts, ({ pool }) => pool);
  return new Map(
    (table?.pools ?? []).map(({ id }) => [id, [...new Set((byPool.get(id) ?? []).map(({ host }) => host))]]),
  );
};
