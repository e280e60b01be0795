import type { Records } from './records.ts';
import { domainsOf } from './releases.ts';
import type { ServiceRecord } from './store/index.ts';

/** Host names under which a version can be looked at before users meet it. A domain that somebody asked for wins. */
export const previewHosts = (records: Records, record: ServiceRecord): readonly string[] => {
  const taken = new Set(records.services().flatMap(domainsOf));
  return domainsOf(record)
    .filter((domain) => !domain.startsWith('*'))
    .map((domain) => `preview.${domain}`)
    .filter((host) => !taken.has(host));
};
