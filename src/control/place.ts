import { loadProject } from '../manifest/index.ts';
import type { EnvironmentName, ProjectName } from '../model/index.ts';
import { environmentName, projectName } from '../model/index.ts';
import { put, Records } from './records.ts';
import type { StateStore } from './store/index.ts';

export interface Place {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
}

/**
 * Whose replicas a state folder is about. Once something runs, the folder's word counts and not that of a manifest that
 * may be broken by now; an environment that was asked for stands beside it then. Throws MANIFEST_NOT_FOUND for a first start without manifests.
 */
export const placeOf = async (
  store: StateStore,
  asked: { readonly manifests: string; readonly environment: string | undefined },
  signal: AbortSignal,
): Promise<Place> => {
  const records = new Records(store);
  const settings = records.settings();
  const { place } = settings;
  if (place !== undefined && isInUse(store)) return place;
  const { project } = await loadProject(asked.manifests, signal);
  const found: Place = {
    project: projectName(project.metadata.name),
    environment: environmentName(asked.environment ?? 'production'),
  };
  store.commit([put.settings({ ...settings, place: found })]);
  return found;
};

/** Whether something is wanted of it: then its environment is looked after. */
export const isInUse = (store: StateStore): boolean => new Records(store).services().some((record) => record.wanted);

/** Who answers whose domains, as it was left. */
export const domainOwnersOf = (store: StateStore): Readonly<Record<string, string>> =>
  new Records(store).settings().domainOwners ?? {};
