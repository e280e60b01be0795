/** Answered and closed; nothing of it reaches an upstream. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly status: 400 | 408 | 413 | 417 | 431 | 501 | 505;
  readonly reason: string;
}

export const refuse = (status: Refusal['status'], reason: string): Refusal => ({ kind: 'refusal', status, reason });
