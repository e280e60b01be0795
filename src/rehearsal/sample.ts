/** The fate of one request. Times are milliseconds since the run's load began. */
export interface Sample {
  /** When it should have begun; for a broken stream, when it broke. */
  readonly start: number;
  readonly end: number;
  /** undefined: it succeeded. */
  readonly cause: string | undefined;
}
