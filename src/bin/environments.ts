import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isInUse, openStateFile, placeOf, StateStore, Supervisor } from '../control/index.ts';
import type { OpenEnvironment, Place } from '../control/index.ts';
import { systemClock } from '../lib/index.ts';
import type { Address, EnvironmentName } from '../model/index.ts';
import type { SharedProxy } from '../traffic/index.ts';
import { chooseMachinery } from './machinery.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

export interface SecureDoor {
  readonly address: Address;
  readonly authority: string;
}

/** What all environments share. */
export interface Host {
  readonly options: SupervisorOptions;
  readonly log: Logger;
  readonly proxy: SharedProxy;
  readonly securely: SecureDoor | undefined;
}

export interface OpenedPlace {
  readonly stateFolder: string;
  readonly store: StateStore;
  readonly place: Place;
  readonly http: Address;
}

export const openPlace = async (
  host: Host,
  { stateFolder, store, place, http }: OpenedPlace,
): Promise<OpenEnvironment> => {
  const { options, log, proxy, securely } = host;
  const { engine, builder, reason } = await chooseMachinery({ engine: options.engine, stateFolder, place });
  const supervisor = new Supervisor({
    ...place,
    manifests: options.manifests,
    http,
    https: securely,
    reports: options.reports,
    store,
    engine,
    engineReason: reason,
    builder,
    proxy: proxy.linkFor(place.environment),
    hostsOf: (pool) => proxy.hostsOf(pool),
    clock: systemClock,
    log: log.child({ environment: place.environment, engine: engine.capabilities.engine }),
  });
  const close = async (): Promise<void> => {
    await supervisor.close();
    await Promise.all([engine.close(), builder.close()]);
  };
  try {
    await supervisor.start({ catchUp: options.catchUp });
  } catch (error) {
    await close();
    throw error;
  }
  return { name: place.environment, supervisor, close };
};

/** One more environment has a folder of its own in the first one's, and listens where that does. */
export const openBeside = async (
  host: Host,
  name: EnvironmentName,
  http: Address | undefined,
  signal: AbortSignal,
): Promise<OpenEnvironment> => {
  const { options } = host;
  const stateFolder = folderBeside(options, name);
  const store = new StateStore(openStateFile(join(stateFolder, 'state.db')));
  try {
    const place = await placeOf(store, { manifests: options.manifests, environment: name }, signal);
    const opened = await openPlace(host, { stateFolder, store, place, http: http ?? options.http });
    return { ...opened, close: () => opened.close().then(() => store.close()) };
  } catch (error) {
    store.close();
    throw error;
  }
};

const folderBeside = ({ stateFolder }: SupervisorOptions, name: string): string =>
  join(stateFolder, 'environments', name);

/** Those that were up when the supervisor before this one ended, and the one that was asked for. */
export const besides = (options: SupervisorOptions, { environment }: Place): readonly string[] => {
  const folder = join(options.stateFolder, 'environments');
  const known = existsSync(folder) ? readdirSync(folder) : [];
  const up = known.filter((name) => {
    const store = new StateStore(openStateFile(join(folderBeside(options, name), 'state.db')));
    const inUse = isInUse(store);
    store.close();
    return inUse;
  });
  const asked = options.environment === undefined ? [] : [options.environment];
  return [...new Set([...up, ...asked])].filter((name) => name !== environment);
};

/** Loaded only where there is https. */
export const secureDoor = async (address: Address): Promise<SecureDoor> => {
  const { authorityFolder } = await import('../certificates/index.ts');
  return { address, authority: authorityFolder(process.env) };
};
