/** What one message may cost before it is refused. */
export const limits = {
  /** Start line and fields together, requests and responses alike. */
  headBytes: 65_536,
  fields: 128,
  /** Size and extensions of one chunk. */
  chunkLineBytes: 4_096,
  trailerBytes: 16_384,
} as const;
