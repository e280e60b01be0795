/** What somebody makes of the octets of one connection. */
export interface Reading {
  readonly messages: readonly Message[];
  readonly end:
    /** Waits for more. */
    | 'more'
    | 'refused'
    /** The last message said that the connection ends with it. */
    | 'closed'
    | 'upgrade';
  /** Why it was refused, in the reader's own words. */
  readonly fault: string;
}

export interface Message {
  /** Requests only. */
  readonly method: string;
  readonly target: string;
  /** Responses only. */
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn. Ours: those that go on. */
  readonly fields: readonly string[];
  trailers: readonly string[];
  body: string;
  isComplete: boolean;
  readonly isUpgrade: boolean;
}

/** One connection's octets as one side sends them. */
export interface Input {
  readonly kind: 'request' | 'response';
  readonly bytes: Buffer;
  /** Responses: the request was a HEAD. */
  readonly toHead: boolean;
}
