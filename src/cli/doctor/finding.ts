/** good: as it should be; limited: Pointsman works, with less; missing: it can't work like this. */
export interface Finding {
  readonly about: string;
  readonly state: 'good' | 'limited' | 'missing';
  readonly message: string;
  readonly fix?: string;
}
