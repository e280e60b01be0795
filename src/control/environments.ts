import { loadProject, unknownEnvironment } from '../manifest/index.ts';
import type { Address, EnvironmentName } from '../model/index.ts';
import { environmentName, PointsmanError } from '../model/index.ts';
import type { DownRequest, EnvironmentReport, SwapReport, SwapRequest } from '../protocol/index.ts';
import type { SharedProxy } from '../traffic/index.ts';
import { put, Records } from './records.ts';
import type { StateStore } from './store/index.ts';
import type { Supervisor } from './supervisor.ts';
import type { SupervisorControl } from './supervisor-control.ts';

/** One environment that is looked after, with all that was opened for it. */
export interface OpenEnvironment {
  readonly name: EnvironmentName;
  readonly supervisor: Supervisor;
  /** Lets go of its supervisor, store and adapters; what runs goes on running. */
  close(): Promise<void>;
}

export interface EnvironmentsParts {
  readonly manifests: string;
  /** The environment whose state the folder itself holds. */
  readonly primary: OpenEnvironment;
  /** Of the primary environment: who answers whose domains outlives us there. */
  readonly store: StateStore;
  readonly proxy: SharedProxy;
  /** Opens another one beside it, listening where the first one does. */
  readonly open: (name: EnvironmentName, http: Address | undefined) => Promise<OpenEnvironment>;
}

/** What can be asked about the environments of a project, beside what can be asked of each. */
export interface EnvironmentsControl {
  /** Throws ENVIRONMENT_UNKNOWN for one that nobody has brought up. Without a name: the first one. */
  of(name: string | undefined): SupervisorControl;
  list(): Promise<readonly EnvironmentReport[]>;
  /** Looks after one more of the project's environments from now on. */
  open(name: string, signal: AbortSignal): Promise<void>;
  swapDomains(request: SwapRequest, signal: AbortSignal): Promise<SwapReport>;
  /** One of them, or all; with the last one everything ends. */
  down(name: string | undefined, request: DownRequest, signal: AbortSignal): Promise<void>;
  shutdown(): void;
}

/** Several environments of one project, side by side behind one proxy. */
export class Environments implements EnvironmentsControl {
  /** Nothing is left to look after, or somebody asked for the end. */
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #parts: EnvironmentsParts;
  readonly #open = new Map<string, OpenEnvironment>();
  /** Of those that were taken down. The first one lends its store to all, and goes last. */
  readonly #closing: Promise<void>[] = [];
  #opening: Promise<unknown> = Promise.resolve();

  constructor(parts: EnvironmentsParts) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#parts = parts;
    this.#add(parts.primary);
  }

  of(name: string | undefined): SupervisorControl {
    return this.#environment(name).supervisor;
  }

  async list(): Promise<readonly EnvironmentReport[]> {
    const { owners } = this.#parts.proxy;
    return Promise.all(
      [...this.#open.values()].map(async ({ name, supervisor }) => {
        const { services } = await supervisor.status();
        return {
          name,
          services: services.length,
          urls: services.flatMap(({ urls }) => urls),
          ...(owners[name] !== undefined && { domainsAnsweredBy: owners[name] }),
        };
      }),
    );
  }

  open(name: string, signal: AbortSignal): Promise<void> {
    const turn = this.#opening.then(() => this.#openOne(name, signal));
    this.#opening = turn.catch(() => undefined);
    return turn;
  }

  async swapDomains({ between: [one, other], by }: SwapRequest, signal: AbortSignal): Promise<SwapReport> {
    const { proxy, store } = this.#parts;
    const [first, second] = [this.#environment(one), this.#environment(other)];
    if (first === second) {
      throw new PointsmanError('USAGE', {
        message: `domains are swapped between two different environments, and both named are ${first.name}`,
        fix: `Up are ${[...this.#open.keys()].join(', ')}: name two of them, \`pointsman domains swap ONE OTHER\`.`,
      });
    }
    const { generation } = await proxy.swapDomains(first.name, second.name, signal);
    store.commit([put.settings({ ...new Records(store).settings(), domainOwners: proxy.owners })]);
    const message = `generation ${generation}: ${first.name} and ${second.name} have swapped their domains${by === undefined ? '' : `, by ${by}`}`;
    for (const { supervisor } of [first, second]) {
      supervisor.tell({ severity: 'info', reason: 'DomainsSwapped', message });
    }
    return { generation, environments: await this.list() };
  }

  async down(name: string | undefined, request: DownRequest, signal: AbortSignal): Promise<void> {
    const leaving = name === undefined ? [...this.#open.values()].toReversed() : [this.#environment(name)];
    for (const { supervisor } of leaving) await supervisor.down(request, signal);
  }

  shutdown(): void {
    this.#end();
  }

  /** Lets go of all; what runs goes on running and serving. */
  async close(): Promise<void> {
    this.#end();
    await this.#opening;
    await Promise.all(this.#closing);
    for (const environment of [...this.#open.values()].toReversed()) await environment.close();
    await this.#parts.primary.close();
  }

  async #openOne(name: string, signal: AbortSignal): Promise<void> {
    if (this.#open.has(name)) return;
    const problem = unknownEnvironment(await loadProject(this.#parts.manifests, signal), name);
    if (problem !== undefined) throw problem;
    this.#add(await this.#parts.open(environmentName(name), this.#parts.primary.supervisor.publicAddress));
  }

  #add(environment: OpenEnvironment): void {
    this.#open.set(environment.name, environment);
    void environment.supervisor.ended.then(() => this.#afterEnd(environment));
  }

  /** It was taken down: the others go on. */
  #afterEnd(environment: OpenEnvironment): void {
    if (!this.#open.delete(environment.name)) return;
    const { store, proxy } = this.#parts;
    store.record([put.settings({ ...new Records(store).settings(), domainOwners: proxy.owners })]);
    if (this.#open.size === 0) this.#end();
    if (environment !== this.#parts.primary) this.#closing.push(environment.close());
  }

  #environment(name: string | undefined): OpenEnvironment {
    const found = name === undefined ? [...this.#open.values()][0] : this.#open.get(name);
    if (found !== undefined) return found;
    throw new PointsmanError('ENVIRONMENT_UNKNOWN', {
      message: `the environment ${name ?? ''} is not up`,
      fix: `Up are ${[...this.#open.keys()].join(', ')}; bring it up with \`pointsman up --environment ${name ?? 'NAME'}\`.`,
    });
  }
}
