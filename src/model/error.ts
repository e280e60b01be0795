/**
 * Every error a user can meet has a stable code. The exit code follows from it: 1 what you asked about failed,
 * 2 bad usage or bad input, 3 engine or supervisor out of reach (design: exit codes). `docs/errors.md` lists them all.
 */
export const errorCodes = {
  // input
  MANIFEST_NOT_FOUND: 2,
  MANIFEST_SYNTAX: 2,
  MANIFEST_INVALID: 2,
  MANIFEST_DUPLICATE: 2,
  MANIFEST_REFERENCE: 2,
  DEPENDENCY_CYCLE: 2,
  CONFIG_NOT_FOUND: 2,
  CONFIG_INVALID: 2,
  SOURCE_NOT_FOUND: 2,
  DOCKERFILE_NOT_FOUND: 2,
  SERVICE_UNKNOWN: 2,
  REVISION_UNKNOWN: 2,
  RELEASE_UNKNOWN: 2,
  ENVIRONMENT_UNKNOWN: 2,
  DEPLOY_UNKNOWN: 2,
  REHEARSAL_UNKNOWN: 2,
  PLATFORM_UNKNOWN: 2,
  USAGE: 2,
  CAPABILITY_MISSING: 2,
  CERTIFICATE_INVALID: 2,
  // what was asked about failed
  BUILD_FAILED: 1,
  BUILD_CANCELLED: 1,
  PRE_DEPLOY_FAILED: 1,
  CHECK_FAILED: 1,
  ROLLOUT_FAILED: 1,
  ROLLOUT_REGRESSED: 1,
  ROLLOUT_ABORTED: 1,
  ROLLOUT_NOT_WAITING: 1,
  REPLICA_START_FAILED: 1,
  REHEARSAL_UNSTEADY: 1,
  TABLE_REJECTED: 1,
  PROXY_UPGRADE_FAILED: 1,
  EXEC_FAILED: 1,
  TRUST_FAILED: 1,
  // out of reach
  ENGINE_UNREACHABLE: 3,
  ENGINE_FAILED: 3,
  SUPERVISOR_UNREACHABLE: 3,
  SUPERVISOR_RUNNING: 3,
  PROXY_UNREACHABLE: 3,
  PORT_TAKEN: 3,
  STATE_WRITE_FAILED: 3,
  STATE_FOREIGN: 3,
  AUTHORITY_UNUSABLE: 3,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** A place in the user's input; line and column count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ErrorDetails {
  /** What happened, one sentence. */
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly fix?: string;
  readonly where?: SourceLocation;
  /** The failing thing's own last lines, shown as they are. */
  readonly output?: readonly string[];
  readonly cause?: unknown;
}

/** One error with a stable code. `problems` holds the single ones when several were found at once. */
export class PointsmanError extends Error {
  override readonly name = 'PointsmanError';
  readonly code: ErrorCode;
  readonly fix: string | undefined;
  readonly where: SourceLocation | undefined;
  readonly output: readonly string[];
  readonly problems: readonly PointsmanError[];

  constructor(code: ErrorCode, details: ErrorDetails, problems: readonly PointsmanError[] = []) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.fix = details.fix;
    this.where = details.where;
    this.output = details.output ?? [];
    this.problems = problems;
  }

  get exitCode(): number {
    return errorCodes[this.code];
  }
}

/** How an error travels through the API and into a Condition or Event. */
export interface ErrorReport {
  readonly code: ErrorCode | 'INTERNAL';
  readonly message: string;
  readonly fix?: string;
  readonly where?: SourceLocation;
  readonly output?: readonly string[];
  readonly problems?: readonly ErrorReport[];
}

export const errorReport = (error: unknown): ErrorReport => {
  if (!(error instanceof PointsmanError)) {
    return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.fix !== undefined && { fix: error.fix }),
    ...(error.where !== undefined && { where: error.where }),
    ...(error.output.length > 0 && { output: error.output }),
    ...(error.problems.length > 0 && { problems: error.problems.map(errorReport) }),
  };
};

/** The way back: what the CLI throws after the API answered with a report. */
export const errorFromReport = (report: ErrorReport): PointsmanError =>
  new PointsmanError(
    report.code === 'INTERNAL' ? 'ENGINE_FAILED' : report.code,
    {
      message: report.message,
      ...(report.fix !== undefined && { fix: report.fix }),
      ...(report.where !== undefined && { where: report.where }),
      ...(report.output !== undefined && { output: report.output }),
    },
    report.problems?.map(errorFromReport) ?? [],
  );
