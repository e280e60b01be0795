import type { Clock } from '../lib/index.ts';
import type {
  NewEvent,
  Release,
  ReleaseChange,
  ReleaseMember,
  ReleaseOutcome,
  ReleaseReplacement,
  RevisionNumber,
  Rollout,
  ServiceName,
} from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import { isSame } from './input-hash.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import type { DeployRecord, ServiceRecord, StateStore } from './store/index.ts';

/** Older ones have ended, or changed nothing. */
const newestLookedAt = 50;

export interface ReleasesParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly clock: Clock;
  readonly onEvent: (event: NewEvent) => void;
}

/** Newest first; deploys that changed nothing are none. */
export const releasesOf = (parts: Pick<ReleasesParts, 'store' | 'records'>): readonly Release[] =>
  parts.store
    .all('deploys')
    .map((deploy) => releaseOf(parts.records, deploy))
    .filter(({ changes }) => changes.length > 0)
    .toReversed();

export const releaseNumber = (deployId: string): number => Number(deployId.replace(/^\D+/, ''));

const releaseOf = (records: Records, deploy: DeployRecord): Release => {
  const changes = deploy.ended?.changes ?? changesOf(records, deploy);
  return {
    number: releaseNumber(deploy.id),
    deployId: deploy.id,
    at: deploy.at,
    endedAt: deploy.ended?.at,
    by: deploy.by,
    cause: deploy.cause,
    result: resultOf(changes),
    changes,
    services: deploy.ended?.services ?? {},
  };
};

const changesOf = (records: Records, { id, removed = [] }: DeployRecord): readonly ReleaseChange[] => [
  ...records.rolloutsOfDeploy(id).map(({ rollout }) => changeOf(rollout)),
  ...removed,
];

export const changeOf = (rollout: Rollout): ReleaseReplacement => ({
  service: rollout.service,
  from: rollout.from,
  to: rollout.to,
  outcome: outcomeOf(rollout),
  ...(rollout.failure !== undefined && { failure: rollout.failure.message }),
});

const outcomeOf = ({ phase, history }: Rollout): ReleaseOutcome => {
  if (phase === 'completed') return 'changed';
  if (phase === 'superseded') return 'superseded';
  if (phase !== 'failed') return 'under-way';
  return history.every((entry) => entry.phase === 'waiting' || entry.phase === 'failed') ? 'not-begun' : 'kept';
};

const resultOf = (changes: readonly ReleaseChange[]): Release['result'] => {
  if (changes.some(({ outcome }) => outcome === 'under-way')) return 'running';
  return changes.every(({ outcome }) => outcome === 'changed' || outcome === 'removed') ? 'completed' : 'failed';
};

/** `changed: store r2; removed: mail r4; kept as it was: api (r2 failed); not begun: web (r5)`. */
export const changesInWords = (changes: readonly ReleaseChange[]): string => {
  const replaced = changes.filter((change) => change.outcome !== 'removed');
  const removed = changes.filter(({ outcome }) => outcome === 'removed');
  const named = (outcome: ReleaseOutcome, word: (change: ReleaseReplacement) => string): string | undefined => {
    const found = replaced.filter((change) => change.outcome === outcome).map(word);
    return found.length === 0 ? undefined : `${titles[outcome]}: ${found.join(', ')}`;
  };
  return [
    named('changed', ({ service, from, to }) => `${service} ${from === undefined ? '' : `r${from} → `}r${to}`),
    removed.length === 0 ? undefined : `removed: ${removed.map(wasText).join(', ')}`,
    named('kept', ({ service, from, to }) => `${service}${from === undefined ? '' : ` r${from}`} (r${to} failed)`),
    named('not-begun', ({ service, to }) => `${service} r${to}`),
    named('superseded', ({ service, to }) => `${service} r${to}`),
    named('under-way', ({ service, to }) => `${service} r${to}`),
  ]
    .filter((part) => part !== undefined)
    .join('; ');
};

const wasText = ({ service, from }: ReleaseChange): string => (from === undefined ? service : `${service} r${from}`);

const titles: { readonly [Outcome in ReleaseOutcome]: string } = {
  changed: 'changed',
  kept: 'kept as it was',
  'not-begun': 'not begun',
  superseded: 'superseded',
  'under-way': 'under way',
};

type Members = Readonly<Record<string, ReleaseMember>>;

/** What runs, or would if `activeOf` had its way. */
export const membersOf = (
  records: Records,
  activeOf = (service: ServiceName): RevisionNumber | undefined => records.service(service)?.active,
): Members =>
  Object.fromEntries(records.services().flatMap((record) => memberOf(records, record, activeOf(record.service))));

/** Of each deploy whose last rollout has ended: writes down what came of it, and what ran then. */
export const closeReleases = (parts: ReleasesParts, ran: Members = membersOf(parts.records)): void => {
  const open = parts.store
    .all('deploys')
    .slice(-newestLookedAt)
    .filter(({ ended }) => ended === undefined);
  for (const deploy of open) closeRelease(parts, deploy, ran);
};

const closeRelease = (
  { store, records, clock, onEvent }: ReleasesParts,
  deploy: DeployRecord,
  services: Members,
): void => {
  const deployId = deploy.id;
  const changes = changesOf(records, deploy);
  const isOver = records.rolloutsOfDeploy(deployId).every(({ rollout }) => isFinished(rollout.phase));
  if (changes.length === 0 || !isOver) return;
  store.record([put.deploy({ ...deploy, ended: { at: clock.now(), changes, services } })]);
  const result = resultOf(changes);
  onEvent({
    severity: result === 'completed' ? 'info' : 'error',
    reason: result === 'completed' ? 'ReleaseCompleted' : 'ReleaseFailed',
    message: `release ${releaseNumber(deployId)} (${deploy.cause}): ${changesInWords(changes)}`,
  });
};

const memberOf = (
  records: Records,
  record: ServiceRecord,
  active: RevisionNumber | undefined,
): readonly (readonly [string, ReleaseMember])[] => {
  const { service, wanted, policy } = record;
  const revision = active === undefined ? undefined : records.revision(service, active);
  if (!wanted || revision === undefined) return [];
  const domains = domainsOf(record);
  return [
    [
      service,
      {
        revision: revision.number,
        ...(!isSame(policy, revision.spec.policy) && { policy }),
        ...(!isSame(domains, revision.spec.domains) && { domains }),
      },
    ],
  ];
};

/** The manifest's domains, or those that a rollback brought back. */
export const domainsOf = (record: Pick<ServiceRecord, 'domains' | 'applied'>): readonly string[] =>
  record.domains ?? record.applied.spec.domains;
