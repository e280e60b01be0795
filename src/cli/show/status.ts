import type { Condition, DrainReport, Instant } from '../../model/index.ts';
import { isFinished } from '../../model/index.ts';
import type { ReplicaStatus, ServiceStatus, StatusReport } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { oneLine } from '../terminal/clip.ts';
import { failureText } from './failure.ts';
import { table } from './table.ts';
import { duration } from './time.ts';

export interface StatusView {
  readonly now: Instant;
  readonly cwd: string;
  readonly replicas: boolean;
}

export const statusText = (status: StatusReport, colours: Colours, view: StatusView): string =>
  [
    ...heading(status, colours, view.now),
    '',
    ...serviceTable(status.services, colours),
    ...status.services.flatMap((service) => previewLines(service, colours)),
    ...status.services.flatMap((service) => troubles(service, colours)),
    ...status.services.flatMap((service) => failureLines(service, colours)),
    ...status.services.flatMap((service) => drainLines(service, colours, view.replicas)),
    ...(view.replicas ? status.services.flatMap((service) => replicaTable(service, colours, view.now)) : []),
    ...status.problems.flatMap((problem) => ['', failureText(problem, colours, view.cwd)]),
  ].join('\n');

const heading = (status: StatusReport, colours: Colours, now: Instant): readonly string[] => {
  const { engine, supervisor, proxy } = status;
  const uptime = duration(now - supervisor.startedAt);
  const memory = `${Math.round(supervisor.memoryBytes / 1024 / 1024)} MB`;
  const listening =
    proxy === undefined ? colours.red('no proxy') : `proxy on ${proxy.http}, route table ${proxy.generation}`;
  return [
    `${colours.bold(status.project)}  ${status.environment}, rules of ${status.platform}`,
    `engine ${engine.kind}: ${engine.reachable ? engine.reason : colours.red(engine.message ?? 'out of reach')}`,
    colours.dim(`supervisor ${supervisor.pid}, up ${uptime}, ${memory}; ${listening}`),
    ...(proxy?.warning === undefined ? [] : [colours.red(`proxy: ${proxy.warning}`)]),
    ...(proxy?.lostRecords === undefined ? [] : [colours.yellow(lostWords(proxy.lostRecords))]),
  ];
};

const lostWords = (requests: number): string =>
  `proxy: of ${requests} request${requests === 1 ? '' : 's'} the supervisor got no record since it began; nothing is judged by them`;

const serviceTable = (services: readonly ServiceStatus[], colours: Colours): readonly string[] => {
  if (services.length === 0) return ['no services'];
  const rows = services.map((service) => [
    service.name,
    stateText(service, colours),
    `${service.ready}/${service.wanted}`,
    revisionText(service),
    service.strategy,
    service.urls.length === 0 ? colours.dim('private') : colours.cyan(service.urls.join(' ')),
  ]);
  return table(['SERVICE', 'STATE', 'READY', 'REVISION', 'STRATEGY', 'ADDRESS'].map(colours.dim), rows);
};

/** While one version takes over from another, both: which of them users meet is for the state to say. */
const revisionText = ({ revision, rollout }: ServiceStatus): string => {
  const now = revision === undefined ? '-' : `r${revision}`;
  const isUnderWay = rollout !== undefined && !isFinished(rollout.phase) && rollout.to !== revision;
  return isUnderWay ? `${now} → r${rollout.to}` : now;
};

const stateText = (service: ServiceStatus, colours: Colours): string => {
  const is = (type: Condition['type'], status: Condition['status']): boolean =>
    service.conditions.some((condition) => condition.type === type && condition.status === status);
  if (service.wanted === 0 && service.replicas.length > 0) return colours.cyan('leaving');
  if (is('Progressing', 'true')) return colours.cyan(progressText(service.rollout));
  if (is('Available', 'false')) return colours.red('unavailable');
  if (is('Degraded', 'true')) return colours.yellow('degraded');
  if (is('Available', 'true')) return colours.green('available');
  return colours.dim('unknown');
};

const progressText = (rollout: ServiceStatus['rollout']): string => {
  if (rollout === undefined) return 'progressing';
  return rollout.waitsFor === undefined ? rollout.phase : `${rollout.phase}, waits for ${rollout.waitsFor}`;
};

const previewLines = ({ name, previews = [] }: ServiceStatus, colours: Colours): readonly string[] =>
  previews.map((url) => `  ${name}, new version: ${colours.cyan(url)}`);

/** How replicas left that had to: all of them where somebody looks at the service, else those whose work may be lost. */
const drainLines = ({ drains = [] }: ServiceStatus, colours: Colours, all: boolean): readonly string[] =>
  drains
    .filter((drain) => all || mayHaveLost(drain))
    .map((drain) => `  ${mayHaveLost(drain) ? colours.yellow('!') : colours.dim('·')} ${drain.words}`);

const mayHaveLost = ({ result, command, check }: DrainReport): boolean =>
  result !== 'finished' || [command, check].some((hook) => hook !== undefined && hook.exitCode !== 0);

/** Conditions that are not as they should be; their messages name the next step. */
const troubles = (service: ServiceStatus, colours: Colours): readonly string[] =>
  service.conditions
    .filter(isWorthSaying)
    .map(
      (condition) => `  ${colours.yellow('!')} ${service.name} ${colours.bold(condition.reason)}: ${condition.message}`,
    );

/** A deploy that failed, until a newer one completes: whoever looks later did not see it fail. */
const failureLines = ({ name, rollout }: ServiceStatus, colours: Colours): readonly string[] => {
  if (rollout?.failure === undefined) return [];
  const { code, message, fix } = rollout.failure;
  return [
    `  ${colours.red('✗')} ${name}, revision ${rollout.to} ${colours.bold(code)}: ${oneLine(message)}`,
    ...(fix === undefined ? [] : [`    ${colours.cyan('fix:')} ${oneLine(fix)}`]),
    `    \`pointsman events ${name}\` has all of it`,
  ];
};

const isWorthSaying = ({ type, status }: Condition): boolean => {
  switch (type) {
    case 'Available':
    case 'ManifestValid':
    case 'Verified':
    case 'Reachable':
      return status === 'false';
    case 'Progressing':
    case 'Degraded':
      return status === 'true';
  }
};

const replicaTable = (service: ServiceStatus, colours: Colours, now: Instant): readonly string[] => {
  const rows = service.replicas.map((replica) => [
    replica.id,
    replica.phase,
    replica.routed ? colours.green('routed') : colours.dim('not routed'),
    `${replica.inFlight} in flight`,
    replica.address ?? '-',
    duration(now - replica.startedAt),
    exitText(replica),
  ]);
  return rows.length === 0 ? [] : ['', ...table([], rows)];
};

const exitText = ({ exit }: ReplicaStatus): string => {
  if (exit === undefined) return '';
  if (exit.outOfMemory) return 'killed: out of memory';
  return exit.signal === null ? `exited with code ${exit.code}` : `ended by ${exit.signal}`;
};
