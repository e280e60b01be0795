import type { EnvironmentReport } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { table } from './table.ts';

export const environmentsText = (environments: readonly EnvironmentReport[], colours: Colours): string => {
  const rows = environments.map(({ name, services, urls, domainsAnsweredBy }) => [
    colours.bold(name),
    String(services),
    domainsAnsweredBy === undefined ? 'itself' : colours.yellow(domainsAnsweredBy),
    colours.cyan(urls.join(' ')),
  ]);
  const head = ['ENVIRONMENT', 'SERVICES', 'ITS DOMAINS ARE ANSWERED BY', 'REACHED AT'];
  return table(head.map(colours.dim), rows).join('\n');
};
