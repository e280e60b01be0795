import { nameHint } from '../lib/index.ts';
import type { ServiceName } from '../model/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { HashedSpec } from './changes.ts';

export const requireKnown = (name: ServiceName, hashed: readonly HashedSpec[]): void => {
  const names = hashed.map(({ spec }) => spec.name);
  if (!names.includes(name)) throw unknownService(name, names);
};

export const unknownService = (name: string, known: readonly string[]): PointsmanError =>
  new PointsmanError('SERVICE_UNKNOWN', {
    message: `No service is called "${name}".`,
    fix: known.length === 0 ? 'No service was ever deployed here.' : nameHint(name, [...known].sort()),
  });

export const unknownRevision = (service: ServiceName, why: string): PointsmanError =>
  new PointsmanError('REVISION_UNKNOWN', {
    message: `${service}: ${why}`,
    fix: `pointsman revisions ${service} lists what is kept.`,
  });
