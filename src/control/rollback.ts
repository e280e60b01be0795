import type { Builder } from '../build/index.ts';
import type { ImageRef, ReleaseMember, Revision, ServiceName } from '../model/index.ts';
import { PointsmanError, serviceName } from '../model/index.ts';
import { isSame } from './input-hash.ts';
import type { Records } from './records.ts';
import { unknownRevision } from './refusals.ts';
import { releasesOf } from './releases.ts';
import type { NewRevision } from './rollouts.ts';
import type { ServiceRecord, StateStore } from './store/index.ts';

export interface RollbackParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly builder: Builder;
}

/** One service back to an earlier revision: image, variables, rules and domains; without a number to the one that worked before. */
export const serviceBack = async (
  parts: RollbackParts,
  record: ServiceRecord,
  asked: number | undefined,
  signal: AbortSignal,
): Promise<NewRevision> => {
  const target = rollbackTarget(parts.records, record, asked);
  const cause = `rollback to revision ${target.number}`;
  return { ...backTo(record, target, {}), cause, image: await imageOf(parts.builder, target, signal) };
};

/**
 * Every service back to what ran at the end of that release. Those that run it already are left alone, and so are those
 * that came later. All images are looked for first: with one missing nothing begins.
 */
export const releaseBack = async (
  parts: RollbackParts,
  number: number,
  signal: AbortSignal,
): Promise<readonly NewRevision[]> => {
  const release = releasesOf(parts).find((each) => each.number === number);
  if (release === undefined) throw unknownRelease(`release ${number} is not kept`);
  if (release.result !== 'completed') throw unknownRelease(`release ${number} did not complete`);
  const cause = `rollback to release ${number}`;
  const revisions = Object.entries(release.services).map(async ([service, member]) => {
    const { record, target } = memberTarget(parts.records, serviceName(service), member);
    if (isAlready(record, target, member)) return [];
    return [{ ...backTo(record, target, member), cause, image: await imageOf(parts.builder, target, signal) }];
  });
  return (await Promise.all(revisions)).flat();
};

export const imageOf = async (
  builder: Builder,
  { service, number, image }: Revision,
  signal: AbortSignal,
): Promise<ImageRef> => {
  if (image !== undefined && (await builder.has(image, signal))) return image;
  throw unknownRevision(
    service,
    `the image of revision ${number} does not exist${image === undefined ? '' : ' any more'}`,
  );
};

/** What a rollback without a number goes to: the newest before the active one that worked. */
export const versionBefore = (records: Records, service: ServiceName): Revision | undefined => {
  const active = records.service(service)?.active ?? 0;
  return records.revisionsOf(service).findLast(({ number, result }) => number < active && result === 'retired');
};

const rollbackTarget = (records: Records, { service }: ServiceRecord, asked: number | undefined): Revision => {
  const found = asked === undefined ? versionBefore(records, service) : records.revision(service, asked);
  if (found !== undefined) return found;
  const why = asked === undefined ? 'no earlier revision ever worked' : `revision ${asked} is not kept`;
  throw unknownRevision(service, why);
};

const memberTarget = (records: Records, service: ServiceName, { revision }: ReleaseMember) => {
  const record = records.service(service);
  const target = records.revision(service, revision);
  if (record !== undefined && target !== undefined) return { record, target };
  throw unknownRelease(`revision ${revision} of ${service}, which belongs to it, is not kept any more`);
};

/** The replicas stay as they are, and so do the rules they live by. */
const isAlready = (record: ServiceRecord, target: Revision, member: ReleaseMember): boolean => {
  const back = backTo(record, target, member).record;
  const { active, ...now } = record;
  return active === target.number && isSame(now, back);
};

const backTo = (record: ServiceRecord, target: Revision, member: Partial<ReleaseMember>) => {
  const { domains: _, ...rest } = record;
  const domains = member.domains ?? target.spec.domains;
  const isManifests = isSame(domains, record.applied.spec.domains);
  return {
    spec: target.spec,
    specHash: target.specHash,
    isRollback: true,
    record: {
      ...rest,
      ...(!isManifests && { domains }),
      ...(!record.wanted && { broughtBack: true as const }),
      wanted: true,
      policy: member.policy ?? target.spec.policy,
    },
  };
};

const unknownRelease = (why: string): PointsmanError =>
  new PointsmanError('RELEASE_UNKNOWN', { message: why, fix: 'pointsman releases lists what is kept.' });
