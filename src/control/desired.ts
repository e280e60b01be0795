import type { LoadedProject, ResolveContext, ResolvedServices } from '../manifest/index.ts';
import type { Capabilities, EnvironmentName, ProjectName, ServiceName, ServiceSpec } from '../model/index.ts';
import { hostPortWords, isSamePort, PointsmanError } from '../model/index.ts';
import type { ManifestSource } from './host.ts';
import { PrivatePorts } from './private-ports.ts';
import type { Records } from './records.ts';
import type { Settings, StateStore } from './store/index.ts';
import { loopbackHost } from './table-surroundings.ts';

export interface DesiredParts {
  /** The manifests' file or folder. */
  readonly path: string;
  readonly source: ManifestSource;
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  readonly capabilities: Capabilities;
  readonly store: StateStore;
  readonly records: Records;
  readonly publicUrl: (domain: string) => string;
}

/** What commands add to the manifests. */
export type Overrides = Pick<Settings, 'platform' | 'variables' | 'buildArgs'>;

/** The manifests as they stand now. With problems nothing of it may be applied. */
export interface Desired {
  readonly loaded: LoadedProject | undefined;
  readonly specs: readonly ServiceSpec[];
  readonly problems: readonly PointsmanError[];
  readonly notes: Readonly<Record<string, readonly string[]>>;
}

/** Manifests, config files, platform, environment and what commands said → specs. */
export class DesiredReader {
  readonly #parts: DesiredParts;
  readonly #ports: PrivatePorts;
  #last: Desired = { loaded: undefined, specs: [], problems: [], notes: {} };

  constructor(parts: DesiredParts) {
    this.#parts = parts;
    this.#ports = new PrivatePorts(parts.store, parts.records);
  }

  /** As last read. */
  get last(): Desired {
    return this.#last;
  }

  async read(overrides: Overrides, signal: AbortSignal): Promise<Desired> {
    this.#last = await this.preview(overrides, signal);
    return this.#last;
  }

  /** The same without becoming what was read last. */
  async preview(overrides: Overrides, signal: AbortSignal): Promise<Desired> {
    try {
      const loaded = await this.#parts.source.load(this.#parts.path, signal);
      const problems = [...loaded.problems, ...this.#otherProject(loaded)];
      if (problems.length > 0) return { loaded, specs: [], problems, notes: {} };
      if (this.#parts.capabilities.privateNames === 'loopback') {
        await this.#ports.reserve(loaded.services.map((service) => service.name));
      }
      const resolved = this.#resolve(loaded, overrides);
      return { loaded, ...resolved, problems: [...resolved.problems, ...this.#stillHeld(loaded, resolved.specs)] };
    } catch (error) {
      if (!(error instanceof PointsmanError) || signal.aborted) throw error;
      return { loaded: this.#last.loaded, specs: [], problems: [error], notes: {} };
    }
  }

  /** Replicas, networks and volumes carry the project's name: under another one they would be strangers. */
  #otherProject({ project, projectDocument }: LoadedProject): readonly PointsmanError[] {
    const { name } = project.metadata;
    if (projectDocument === undefined || name === this.#parts.project) return [];
    return [
      new PointsmanError('MANIFEST_INVALID', {
        message: `the project is now called ${name}, but what runs here belongs to ${this.#parts.project}`,
        fix: 'Call it as before, or take everything down first (`pointsman down`).',
        where: projectDocument.locate(['metadata', 'name']),
      }),
    ];
  }

  /** The proxy would refuse every table until the replica that listens there has ended, and that waits for a table. */
  #stillHeld(loaded: LoadedProject, specs: readonly ServiceSpec[]): readonly PointsmanError[] {
    const { records } = this.#parts;
    const held = records.services().flatMap(({ service, wanted, active }) => {
      const hostPorts = wanted ? records.revision(service, active ?? 0)?.spec.hostPorts : undefined;
      return (hostPorts ?? []).filter(({ protocol }) => protocol === 'tcp').map((port) => ({ service, port }));
    });
    return specs.flatMap(({ name, tcp = [] }) => {
      const holder = held.find(({ port }) => tcp.some(({ listen }) => isSamePort(listen, port.listen)));
      if (holder === undefined) return [];
      const message = `port ${hostPortWords(holder.port)} is still held by ${holder.service} itself, so the proxy can't listen there yet`;
      const fix = `Take hostPorts out of ${holder.service} and deploy that first.`;
      const document = loaded.services.find((service) => service.name === name)?.document;
      return [
        new PointsmanError('MANIFEST_INVALID', {
          message,
          fix,
          ...(document && { where: document.locate(['spec', 'tcp']) }),
        }),
      ];
    });
  }

  /** Services whose commands gave different variables are resolved apart, for a command's variables are for the named ones only. */
  #resolve(loaded: LoadedProject, overrides: Overrides): ResolvedServices {
    const { source } = this.#parts;
    const plain = source.resolve(loaded, this.#context(overrides, {}, []));
    if (plain.problems.length > 0) return plain;
    const apart = Object.entries(overrides.variables).flatMap(([service, variables]) => {
      const resolved = source.resolve(loaded, this.#context(overrides, variables, [service]));
      return resolved.specs.filter((spec) => spec.name === service);
    });
    const specs = plain.specs.map((spec) => apart.find((other) => other.name === spec.name) ?? spec);
    return { ...plain, specs };
  }

  #context(
    overrides: Overrides,
    variables: Readonly<Record<string, string>>,
    overrideServices: readonly string[],
  ): ResolveContext {
    const { environment, capabilities, store, publicUrl } = this.#parts;
    return {
      environment,
      ...(overrides.platform !== undefined && { platform: overrides.platform }),
      variables,
      overrideServices,
      buildArgs: overrides.buildArgs,
      capabilities,
      storedSecrets: {
        get: (path) => store.get('secrets', path),
        set: (path, value) => store.commit([{ table: 'secrets', key: path, row: value }]),
      },
      privateAddress: (service) => this.#privateAddress(service),
      publicUrl,
    };
  }

  #privateAddress(service: ServiceName): { readonly host: string; readonly port?: number } {
    if (this.#parts.capabilities.privateNames === 'dns') return { host: `${service}.railway.internal` };
    const port = this.#parts.records.settings().privatePorts[service];
    return { host: loopbackHost, ...(port !== undefined && { port }) };
  }
}

/** All problems as one error; a single one as itself. */
export const problemsError = (problems: readonly PointsmanError[]): PointsmanError => {
  const [only, ...more] = problems;
  if (only !== undefined && more.length === 0) return only;
  const message = `the manifests have ${problems.length} problems; what runs stays as it is`;
  return new PointsmanError('MANIFEST_INVALID', { message, fix: 'Repair them, or see `pointsman status`.' }, problems);
};
