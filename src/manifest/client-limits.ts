import type { ConnectionLimits } from '../model/index.ts';
import { clientLimitsOf, defaultPlatform, platformNames } from '../platform/index.ts';
import { environmentChain } from './layers.ts';
import type { LoadedProject } from './model.ts';

interface Asked {
  readonly environment: string;
  /** Given with the command; beats the manifest. */
  readonly platform: string | undefined;
}

/** What clients may take of the public listeners: the project's words before its platform's. undefined: nobody says anything. */
export const clientLimits = (loaded: LoadedProject, asked: Asked): ConnectionLimits | undefined => {
  const { spec } = loaded.project;
  const ofEnvironment = environmentChain(loaded, asked.environment).map((name) => spec.environments?.[name]?.platform);
  const platform = [asked.platform, ...ofEnvironment, spec.platform].find((name) => name !== undefined);
  const known = platform !== undefined && platformNames.includes(platform) ? platform : defaultPlatform;
  const said = Object.entries(spec.clientLimits ?? {}).filter(([, limit]) => limit !== undefined);
  const limits: ConnectionLimits = { ...clientLimitsOf(known), ...Object.fromEntries(said) };
  return Object.keys(limits).length === 0 ? undefined : limits;
};
