/** One value of two that are compared; absent on the side that lacks it. Secrets are masked. */
export interface Difference {
  /** Dotted: `variables.RELEASE`, `policy.overlapSeconds`, `image`. */
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
}
