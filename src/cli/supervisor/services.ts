import { nameHint } from '../../lib/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { StatusReport } from '../../protocol/index.ts';

/** Throws SERVICE_UNKNOWN for every name that no service has, with the nearest that one does. */
export const requireServices = (named: readonly string[], status: StatusReport): void => {
  const known: readonly string[] = status.services.map((service) => service.name);
  const unknown = named.filter((name) => !known.includes(name));
  const problems = unknown.map((name) => unknownService(name, known));
  const [only] = problems;
  if (only === undefined) return;
  throw problems.length === 1
    ? only
    : new PointsmanError('SERVICE_UNKNOWN', { message: `${problems.length} services are unknown.` }, problems);
};

const unknownService = (name: string, known: readonly string[]): PointsmanError =>
  new PointsmanError('SERVICE_UNKNOWN', { message: `No service is called "${name}".`, fix: nameHint(name, known) });
