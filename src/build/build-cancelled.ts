import { PointsmanError } from '../model/index.ts';

export const buildCancelled = (cause?: unknown): PointsmanError =>
  new PointsmanError('BUILD_CANCELLED', { message: 'the build was cancelled', cause });
