import type { Release, Revision, ServiceName } from '../model/index.ts';
import { PointsmanError, serviceName } from '../model/index.ts';
import type { DiffReport, DiffRequest } from '../protocol/index.ts';
import { differencesBetween } from './differences.ts';
import type { Records } from './records.ts';
import { unknownRevision, unknownService } from './refusals.ts';
import { releasesOf } from './releases.ts';
import { versionBefore } from './rollback.ts';
import type { StateStore } from './store/index.ts';

interface DiffParts {
  readonly store: StateStore;
  readonly records: Records;
}

/** Between two revisions of a service, or between what ran at the end of two releases. */
export const diffReport = (parts: DiffParts, request: DiffRequest): DiffReport =>
  request.service === undefined ? diffOfReleases(parts, request) : diffOfRevisions(parts, request, request.service);

/** Without numbers: what runs, and what ran before it. */
const diffOfRevisions = ({ records }: DiffParts, request: DiffRequest, name: string): DiffReport => {
  const service = serviceName(name);
  const record = records.service(service);
  if (record === undefined)
    throw unknownService(
      name,
      records.services().map((each) => each.service),
    );
  const find = (number: number | undefined, what: string): Revision => {
    const found = number === undefined ? undefined : records.revision(service, number);
    if (found !== undefined) return found;
    throw unknownRevision(
      service,
      number === undefined ? `there is no ${what} revision` : `revision ${number} is not kept`,
    );
  };
  const after = find(request.to ?? record.active, 'active');
  const before = find(request.from ?? versionBefore(records, service)?.number, 'earlier');
  const differences = differencesBetween(before, after);
  return {
    from: before.number,
    to: after.number,
    services: [{ service: name, from: before.number, to: after.number, differences }],
  };
};

const diffOfReleases = (parts: DiffParts, request: DiffRequest): DiffReport => {
  const releases = releasesOf(parts).filter(({ endedAt }) => endedAt !== undefined);
  const find = (number: number | undefined, otherwise: Release | undefined): Release => {
    const found = number === undefined ? otherwise : releases.find((release) => release.number === number);
    if (found !== undefined) return found;
    throw new PointsmanError('RELEASE_UNKNOWN', {
      message:
        number === undefined ? 'there are no two releases to compare' : `release ${number} is not kept or not over`,
      fix: 'pointsman releases lists what is kept.',
    });
  };
  const to = find(request.to, releases[0]);
  const from = find(
    request.from,
    releases.find(({ number }) => number < to.number),
  );
  const names = [...new Set([...Object.keys(from.services), ...Object.keys(to.services)])].sort();
  return {
    from: from.number,
    to: to.number,
    services: names.map(serviceName).flatMap((service) => {
      const [before, after] = [from, to].map((release) => revisionIn(parts.records, release, service));
      const differences = differencesBetween(before, after);
      if (differences.length === 0) return [];
      return [
        {
          service,
          ...(before !== undefined && { from: before.number }),
          ...(after !== undefined && { to: after.number }),
          differences,
        },
      ];
    }),
  };
};

const revisionIn = (records: Records, { services }: Release, service: ServiceName): Revision | undefined => {
  const member = services[service];
  const revision = member === undefined ? undefined : records.revision(service, member.revision);
  if (member !== undefined && revision === undefined) {
    throw unknownRevision(service, `revision ${member.revision} is not kept any more`);
  }
  if (member === undefined || revision === undefined) return undefined;
  const { policy = revision.spec.policy, domains = revision.spec.domains } = member;
  return { ...revision, spec: { ...revision.spec, policy, domains } };
};
