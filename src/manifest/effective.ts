import type { HostPort, SourceLocation, ValueSource } from '../model/index.ts';
import type { Origins } from './layers.ts';
import type { VerifyManifest } from './verify-schema.ts';

/** What can be read back, with the types that the schemas have checked. */
interface EffectiveValues {
  readonly image: string;
  readonly platform: string;
  readonly port: number;
  readonly domains: readonly string[];
  readonly tcp: readonly { readonly listen: number | string; readonly port?: number }[];
  readonly hostPorts: readonly {
    readonly listen: number | string;
    readonly port?: number;
    readonly protocol: HostPort['protocol'];
  }[];
  readonly keepRevisions: number;
  readonly verify: VerifyManifest;
  readonly 'build.builder': string;
  readonly 'build.buildCommand': string;
  readonly 'build.context': string;
  readonly 'build.dockerfilePath': string;
  readonly 'build.target': string;
  readonly 'build.watchPatterns': readonly string[];
  readonly 'deploy.startCommand': string;
  readonly 'deploy.preDeployCommand': string | readonly string[];
  readonly 'deploy.numReplicas': number;
  readonly 'deploy.multiRegionConfig': Readonly<Record<string, { readonly numReplicas?: number | null }>>;
  readonly 'deploy.limitOverride': {
    readonly containers?: { readonly cpu?: number | null; readonly memoryBytes?: number | null } | null;
  };
  readonly 'deploy.cronSchedule': string;
  readonly 'deploy.sleepApplication': boolean;
  readonly 'deploy.requiredMountPath': string;
  readonly 'limits.memory': string;
  readonly 'limits.cpus': number;
  readonly 'limits.pids': number;
  readonly 'variables.PORT': string;
}

/** Merged values to read. null means that a layer cleared the value: nobody set it. */
export class Effective {
  readonly origins: Origins;

  constructor(origins: Origins) {
    this.origins = origins;
  }

  get<Path extends keyof EffectiveValues>(path: Path): EffectiveValues[Path] | undefined {
    return (this.origins[path]?.value ?? undefined) as EffectiveValues[Path] | undefined;
  }

  /** Whoever set the value that counts. */
  sourceOf(path: keyof EffectiveValues): ValueSource | undefined {
    return this.origins[path]?.source;
  }

  /** Entries of `variables`, `build.args` or `build.secrets`: text, as the reader made them. */
  entries(
    prefix: string,
  ): Readonly<Record<string, { readonly text: string; readonly where: SourceLocation | undefined }>> {
    const start = `${prefix}.`;
    return Object.fromEntries(
      Object.entries(this.origins)
        .filter(([path, { value }]) => path.startsWith(start) && value !== null)
        .map(([path, { value, source }]) => [
          path.slice(start.length),
          { text: value as string, where: whereOf(source) },
        ]),
    );
  }

  where(path: string): SourceLocation | undefined {
    const origin = this.origins[path];
    return origin === undefined ? undefined : whereOf(origin.source);
  }
}

const whereOf = (source: ValueSource): SourceLocation | undefined => ('where' in source ? source.where : undefined);
