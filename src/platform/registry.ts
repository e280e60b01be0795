import { nameHint } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import { pointsman } from './pointsman.ts';
import type { PlatformProfile } from './profile.ts';
import { railway, railwayStopStart } from './railway.ts';

const profiles: readonly PlatformProfile[] = [railwayStopStart, railway, pointsman];

/** From the one that loses most to the one that loses least: the order a comparison is read in. */
export const platformNames: readonly string[] = profiles.map(({ name }) => name);

/** Whose rules hold when nobody says. */
export const defaultPlatform = pointsman.name;

export const profileOf = (name: string): PlatformProfile => {
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  throw new PointsmanError('PLATFORM_UNKNOWN', {
    message: `There is no platform "${name}".`,
    fix: nameHint(name, platformNames),
  });
};
