import { PointsmanError } from '../../model/index.ts';

export const wholeNumber = (given: string, { least, what }: { least: number; what: string }): number => {
  if (/^\d{1,9}$/.test(given) && Number(given) >= least) return Number(given);
  throw new PointsmanError('USAGE', { message: `${what} "${given}": expected a whole number from ${least}.` });
};
