import { sharedBuildFields } from '../../build-schema.ts';
import { sharedDeployFields } from '../../deploy-schema.ts';
import { isTable } from './parse.ts';

interface Normalized {
  readonly value: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}
type Change = { readonly value: unknown; readonly note?: string };

/** What Railway reads in more than one spelling, in ours. */
export const normalized = (config: Readonly<Record<string, unknown>>): Normalized => {
  const notes: string[] = [];
  const section = (table: unknown, at: string): unknown => {
    if (!isTable(table)) return table;
    return Object.fromEntries(
      Object.entries(table).map(([key, value]) => {
        const change = changed(key, value);
        if (change.note !== undefined) notes.push(`${at}.${key}: ${change.note}`);
        return [key, change.value];
      }),
    );
  };
  const sections = (table: Readonly<Record<string, unknown>>, at: string): Record<string, unknown> => ({
    ...table,
    ...('build' in table && { build: section(table['build'], `${at}build`) }),
    ...('deploy' in table && { deploy: section(table['deploy'], `${at}deploy`) }),
  });
  const environments = config['environments'];
  const value = {
    ...sections(config, ''),
    ...(isTable(environments) && {
      environments: Object.fromEntries(
        Object.entries(environments).map(([name, table]) => [
          name,
          isTable(table) ? sections(table, `environments.${name}.`) : table,
        ]),
      ),
    }),
  };
  return { value, notes };
};

const isKnown = (value: string): boolean =>
  [sharedBuildFields.builder, sharedDeployFields.restartPolicyType].some((schema) => schema.safeParse(value).success);

const changed = (key: string, value: unknown): Change => {
  if (value === '') return { value: null };
  if (typeof value !== 'string') return { value };
  if (key === 'builder' || key === 'restartPolicyType') {
    const upper = value.toUpperCase();
    return upper === value || !isKnown(upper)
      ? { value }
      : { value: upper, note: `written ${value}, read as ${upper}.` };
  }
  if (key === 'healthcheckPath' && !value.startsWith('/')) {
    return { value: `/${value}`, note: `written ${value}, read as /${value}.` };
  }
  return { value };
};
