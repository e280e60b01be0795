import { nameHint } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { ConnectionLimits } from '../model/index.ts';
import { pointsman } from './pointsman.ts';
import type { PlatformProfile } from './profile.ts';
import { railway, railwayStopStart } from './railway.ts';

const profiles: readonly PlatformProfile[] = [railwayStopStart, railway, pointsman];

/** From the one that loses most to the one that loses least: the order a comparison is read in. */
export const platformNames: readonly string[] = profiles.map(({ name }) => name);

/** Whose rules hold when nobody says. */
export const defaultPlatform = pointsman.name;

/** What clients of a project's public listeners may take where its manifest says nothing. */
export const clientLimitsOf = (name: string): ConnectionLimits => {
  const rule = profileOf(name).rules['edge.clients'];
  return rule === 'unknown' ? pointsman.rules['edge.clients'].value : rule.value;
};

export const profileOf = (name: string): PlatformProfile => {
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  throw new PointsmanError('PLATFORM_UNKNOWN', {
    message: `There is no platform "${name}".`,
    fix: nameHint(name, platformNames),
  });
};
