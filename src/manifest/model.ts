import type { Capabilities, PointsmanError, ServiceName, ServiceSpec } from '../model/index.ts';
import type { ConfigFile } from './config-file.ts';
import type { ManifestDocument } from './document.ts';
import type { ProjectManifest } from './project-schema.ts';
import type { RehearsalManifest } from './rehearsal-schema.ts';
import type { ServiceManifest } from './service-schema.ts';

/** Everything below one path, read and checked; what is wrong is in `problems`, never thrown. */
export interface LoadedProject {
  readonly project: ProjectManifest;
  /** Where the project was written; undefined when no document says `kind: Project`. */
  readonly projectDocument: ManifestDocument | undefined;
  readonly services: readonly LoadedService[];
  readonly rehearsals: readonly LoadedRehearsal[];
  readonly problems: readonly PointsmanError[];
  readonly notes: readonly string[];
  /** What to watch: manifests and config files, absolute. A folder's own list of files may change too: watch `root`. */
  readonly files: readonly string[];
  /** The manifests' folder, absolute. */
  readonly root: string;
}

export interface LoadedService {
  readonly name: ServiceName;
  readonly manifest: ServiceManifest;
  readonly document: ManifestDocument;
  /** Absolute; undefined for a ready image. */
  readonly sourceFolder: string | undefined;
  readonly config: ConfigFile | undefined;
}

export interface LoadedRehearsal {
  readonly manifest: RehearsalManifest;
  readonly document: ManifestDocument;
}

/** What only the caller knows when manifests become specs. */
export interface ResolveContext {
  readonly environment: string;
  /** Given with the command; beats every manifest. */
  readonly platform?: string;
  /** Given with the command; for the services in `overrideServices`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly overrideServices: readonly string[] | 'all';
  /** Given with the command, for every Dockerfile that declares them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly capabilities: Capabilities;
  /** Generated values, kept: `secret()` and `randomInt()` are drawn once. */
  readonly storedSecrets: StoredSecrets;
  /** Where other services reach this one. Without a port: the port it listens on. */
  readonly privateAddress: (service: ServiceName) => { readonly host: string; readonly port?: number };
  /** How a person reaches a domain through the proxy: `http://app.localhost:8080`. */
  readonly publicUrl: (domain: string) => string;
}

export interface StoredSecrets {
  get(path: string): string | undefined;
  set(path: string, value: string): void;
}

export interface ResolvedServices {
  readonly specs: readonly ServiceSpec[];
  readonly problems: readonly PointsmanError[];
  /** Per service: what a user should know, in words. */
  readonly notes: Readonly<Record<string, readonly string[]>>;
}
