/** A string that may not be mixed up with another kind of string. */
export type Brand<Base, Name extends string> = Base & { readonly __brand: Name };

export type ProjectName = Brand<string, 'ProjectName'>;
export type EnvironmentName = Brand<string, 'EnvironmentName'>;
export type ServiceName = Brand<string, 'ServiceName'>;
/** `<project>-<environment>-<service>-r<revision>-<slot>-<attempt>`: deterministic, so a repeated create finds its twin. */
export type ReplicaId = Brand<string, 'ReplicaId'>;
/** What an engine starts: a Docker image id (`sha256:…`) or a snapshot folder's content hash (`snapshot:…`). */
export type ImageRef = Brand<string, 'ImageRef'>;
export type RolloutId = Brand<string, 'RolloutId'>;

/** Milliseconds since the epoch. The pure rooms get it as input. */
export type Instant = number;
/** A numbered seat for one replica, from 0. */
export type Slot = number;
/** The number of a published route table; only ever rises. */
export type Generation = number;
/** A service's revisions are numbered from 1. */
export type RevisionNumber = number;

export const projectName = (text: string): ProjectName => text as ProjectName;
export const environmentName = (text: string): EnvironmentName => text as EnvironmentName;
export const serviceName = (text: string): ServiceName => text as ServiceName;
export const imageRef = (text: string): ImageRef => text as ImageRef;
export const rolloutId = (text: string): RolloutId => text as RolloutId;
