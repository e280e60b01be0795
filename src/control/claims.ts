import type { ServiceName } from '../model/index.ts';
import type { Records } from './records.ts';
import { domainsOf } from './releases.ts';
import type { ServiceRecord } from './store/index.ts';

/** What a service may be reached by from outside. */
export interface Claims {
  readonly domains: readonly string[];
  readonly tcp: NonNullable<ServiceRecord['applied']['spec']['tcp']>;
}

/**
 * A domain and a public port lead to one service. Manifests don't give them to two, but one that was renamed is not gone
 * yet, and a rollback brings back what another has by now: a table with both would be refused, and with it every change of
 * any service. Whoever serves has it before one that doesn't yet, then what was brought back, then what was asked for last.
 */
export const claimsOf = (
  records: Records,
  routed: readonly ServiceRecord[],
  isServing: (service: ServiceName) => boolean,
): ((record: ServiceRecord) => Claims) => {
  const owners = new Map<string, ServiceRecord>();
  const contested = new Set<string>();
  for (const record of routed) {
    for (const name of namesOf(record)) {
      const other = owners.get(name);
      if (other !== undefined) contested.add(name);
      if (other === undefined || isBefore(records, isServing, record, other)) owners.set(name, record);
    }
  }
  const isOwn = (name: string, record: ServiceRecord): boolean =>
    !contested.has(name) || owners.get(name)?.service === record.service;
  return (record) => {
    const domains = domainsOf(record);
    const tcp = record.applied.spec.tcp ?? [];
    if (contested.size === 0) return { domains, tcp };
    return {
      domains: domains.filter((domain) => isOwn(domain, record)),
      tcp: tcp.filter((port) => isOwn(portName(port), record)),
    };
  };
};

const isBefore = (
  records: Records,
  isServing: (service: ServiceName) => boolean,
  one: ServiceRecord,
  other: ServiceRecord,
): boolean => {
  const rank = ({ service, wanted, domains, broughtBack }: ServiceRecord): readonly number[] => [
    isServing(service) ? 1 : 0,
    wanted ? 1 : 0,
    domains !== undefined || broughtBack === true ? 1 : 0,
    records.newestRollout(service)?.order ?? 0,
  ];
  const [mine, theirs] = [rank(one), rank(other)];
  const first = mine.findIndex((value, at) => value !== theirs[at]);
  return first >= 0 && (mine[first] ?? 0) > (theirs[first] ?? 0);
};

const namesOf = (record: ServiceRecord): readonly string[] => [
  ...domainsOf(record),
  ...(record.applied.spec.tcp ?? []).filter(({ listen }) => listen.port !== 0).map(portName),
];

const portName = ({ listen }: Claims['tcp'][number]): string => `${listen.host}:${listen.port}`;
