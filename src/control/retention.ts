import type { Builder, StoredImage } from '../build/index.ts';
import { bytesInWords } from '../lib/index.ts';
import type { ImageRef, NewEvent, Revision, ServiceName } from '../model/index.ts';
import { counted } from '../model/index.ts';
import type { GcReport } from '../protocol/index.ts';
import { drop } from './records.ts';
import type { Records } from './records.ts';
import { versionBefore } from './rollback.ts';
import type { StateStore } from './store/index.ts';

const keptDeploys = 200;

export interface RetentionParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly builder: Builder;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewEvent) => void;
  /** Bytes that images may use; undefined: as many as the kept revisions need. */
  readonly diskBudget: () => number | undefined;
}

export interface RetireOptions {
  /** After a rollout only its service has something to forget; undefined: all are looked at, and images measured. */
  readonly service?: ServiceName;
  readonly dryRun?: boolean;
}

interface Superfluous {
  readonly revision: Revision;
  readonly why: string;
}

/**
 * Forgets revisions beyond those kept, oldest first, and with a disk budget as many more as it takes; then removes images
 * that none needs. What is active, what a rollback without a number goes to, and what a rollout leads to always stays.
 */
export const retire = async (parts: RetentionParts, how: RetireOptions): Promise<GcReport> => {
  const { store, records, builder, signal } = parts;
  // Measuring images keeps Docker busy for a while: only where somebody asked for sizes.
  const isMeasured = how.service === undefined || parts.diskBudget() !== undefined;
  const stored = isMeasured ? await builder.stored(signal) : [];
  const services = how.service === undefined ? records.services().map(({ service }) => service) : [how.service];
  const superfluous = superfluousOf(parts, services, stored);
  const gone = new Set(superfluous.map(({ revision }) => revision));
  const needed = new Set(
    store
      .all('revisions')
      .filter((revision) => !gone.has(revision))
      .flatMap(imagesOf),
  );
  const unneeded = stored.filter(({ image }) => !needed.has(image));
  const report = reportOf(parts, stored, { superfluous, unneeded });
  if (how.dryRun === true) return report;
  forget(parts, gone);
  const bytes = new Map(stored.map((each) => [each.image, each.bytes]));
  const images = (await builder.collect(needed, signal)).map((image) => ({ image, bytes: bytes.get(image) ?? 0 }));
  tell(parts, superfluous, images);
  return { ...report, images, freedBytes: bytesOf(images) };
};

const imagesOf = ({ image }: Revision): readonly ImageRef[] => (image === undefined ? [] : [image]);

const superfluousOf = (
  parts: RetentionParts,
  services: readonly ServiceName[],
  stored: readonly StoredImage[],
): readonly Superfluous[] => {
  const { records } = parts;
  const beyond = services.flatMap((service): readonly Superfluous[] => {
    const all = records.revisionsOf(service);
    const kept = records.service(service)?.applied.spec.keepRevisions ?? all.length;
    const newest = new Set(all.slice(-kept));
    const inUse = alwaysKept(records, service);
    const why = `beyond the ${kept} newest of ${service}`;
    return all
      .filter((revision) => !newest.has(revision) && !inUse.has(revision.number))
      .map((revision) => ({ revision, why }));
  });
  return [...beyond, ...overBudget(parts, stored, new Set(beyond.map(({ revision }) => revision)))];
};

/** The oldest ones that may go, until what stays fits. */
const overBudget = (
  { store, records, diskBudget }: RetentionParts,
  stored: readonly StoredImage[],
  gone: ReadonlySet<Revision>,
): readonly Superfluous[] => {
  const budget = diskBudget();
  if (budget === undefined) return [];
  const bytes = new Map(stored.map((each) => [each.image, each.bytes]));
  const staying = store.all('revisions').filter((revision) => !gone.has(revision));
  const usedBy = (revisions: readonly Revision[]): number =>
    [...new Set(revisions.flatMap(imagesOf))].reduce((sum, image) => sum + (bytes.get(image) ?? 0), 0);
  const candidates = staying
    .filter(({ service, number }) => !alwaysKept(records, service).has(number))
    .toSorted((a, b) => a.createdAt - b.createdAt);
  const dropped: Revision[] = [];
  for (const revision of candidates) {
    if (usedBy(staying.filter((each) => !dropped.includes(each))) <= budget) break;
    dropped.push(revision);
  }
  return dropped.map((revision) => ({ revision, why: `the disk budget of ${bytesInWords(budget)} is used up` }));
};

const alwaysKept = (records: Records, service: ServiceName): ReadonlySet<number | undefined> =>
  new Set([
    records.service(service)?.active,
    records.newestRollout(service)?.rollout.to,
    versionBefore(records, service)?.number,
    ...records.notesOf(service).map(({ id }) => revisionOf(id)),
  ]);

/** A replica's name ends in its revision, slot and attempt. */
const revisionOf = (replica: string): number => Number(/-r(\d+)-\d+-\d+$/.exec(replica)?.[1]);

const reportOf = (
  { diskBudget }: RetentionParts,
  stored: readonly StoredImage[],
  found: { readonly superfluous: readonly Superfluous[]; readonly unneeded: readonly StoredImage[] },
): GcReport => {
  const budget = diskBudget();
  return {
    revisions: found.superfluous.map(({ revision: { service, number }, why }) => ({ service, revision: number, why })),
    images: found.unneeded,
    freedBytes: bytesOf(found.unneeded),
    keptBytes: bytesOf(stored) - bytesOf(found.unneeded),
    ...(budget !== undefined && { budgetBytes: budget }),
  };
};

const forget = ({ store, records }: RetentionParts, gone: ReadonlySet<Revision>): void => {
  const isGone = (service: ServiceName, number: number): boolean =>
    [...gone].some((revision) => revision.service === service && revision.number === number);
  const services = new Set([...gone].map(({ service }) => service));
  store.record([
    ...[...gone].map(drop.revision),
    ...[...services].flatMap((service) => [
      ...records
        .rolloutsOf(service)
        .filter(({ rollout }) => isGone(service, rollout.to))
        .map(drop.rollout),
      ...records
        .slotsOf(service)
        .filter(({ revision }) => isGone(service, revision))
        .map(drop.slot),
    ]),
    ...store.all('deploys').slice(0, -keptDeploys).map(drop.deploy),
  ]);
};

const tell = (
  { onEvent }: RetentionParts,
  superfluous: readonly Superfluous[],
  images: readonly StoredImage[],
): void => {
  for (const { revision, why } of superfluous) {
    const { service, number } = revision;
    const message = `${service} revision ${number} is not kept any more: ${why}`;
    onEvent({ service, revision: number, severity: 'info', reason: 'RevisionForgotten', message });
  }
  if (images.length === 0) return;
  const bytes = bytesOf(images);
  const measured = bytes === 0 ? '' : ` (${bytesInWords(bytes)})`;
  const names = images.map(({ image }) => image.slice(0, shownCharacters)).join(', ');
  const gone = images.length === 1 ? 'was removed' : 'were removed';
  const message = `${counted(images.length, 'image')} that no kept revision needs ${gone}${measured}: ${names}`;
  onEvent({ severity: 'info', reason: 'ImagesCollected', message });
};

/** `sha256:` and twelve digits. */
const shownCharacters = 19;

const bytesOf = (images: readonly StoredImage[]): number => images.reduce((sum, { bytes }) => sum + bytes, 0);
