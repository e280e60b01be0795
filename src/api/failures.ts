import { errorCodes, errorReport } from '../model/index.ts';
import type { ErrorCode, ErrorReport } from '../model/index.ts';

const unknownThings: ReadonlySet<ErrorReport['code']> = new Set<ErrorCode>([
  'SERVICE_UNKNOWN',
  'REVISION_UNKNOWN',
  'RELEASE_UNKNOWN',
  'ENVIRONMENT_UNKNOWN',
  'DEPLOY_UNKNOWN',
]);

/** Error → answer. The status follows from the exit code its code stands for. */
export const failureAnswer = (error: unknown): { readonly status: number; readonly body: { error: ErrorReport } } => {
  const report = errorReport(error);
  return { status: statusOf(report.code), body: { error: report } };
};

const statusOf = (code: ErrorReport['code']): number => {
  if (code === 'INTERNAL') return 500;
  if (unknownThings.has(code)) return 404;
  switch (errorCodes[code]) {
    case 1:
      return 409;
    case 2:
      return 400;
    case 3:
      return 503;
  }
};
