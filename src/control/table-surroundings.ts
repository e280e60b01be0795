import type { Address, EnvironmentName, ProjectName, ProxyReports, ServiceName } from '../model/index.ts';

/** What every table of this supervisor has in common. */
export interface TableSurroundings {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  /** Where the public listener is asked to be; port 0: the system chooses once, then it is kept. */
  readonly http: Address;
  /** undefined: no https. */
  readonly https?: SecureDoor | undefined;
  readonly reports?: ProxyReports;
  /** undefined until the engine said where its private names are served, or when it serves none. */
  names(): { readonly bind: Address; readonly subnet: string } | undefined;
}

/** Where https is served, and the folder of the authority that vouches for localhost names. */
export interface SecureDoor {
  readonly address: Address;
  readonly authority: string;
}

export const poolOf = (place: Pick<TableSurroundings, 'project' | 'environment'>, service: ServiceName): string =>
  `${place.project}/${place.environment}/${service}`;

export const loopbackHost = '127.0.0.1';
