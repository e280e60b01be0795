const factors = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, k: 1000, M: 1000 ** 2, G: 1000 ** 3 } as const;

/** `512Mi` → bytes. The schema has checked the form. */
export const bytesOf = (memory: string): number => {
  const unit = memory.replace(/^[\d.]+/, '');
  return Math.round(Number.parseFloat(memory) * (factors[unit as keyof typeof factors] ?? 1));
};

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `2m` → milliseconds. */
export const durationMs = (duration: string): number => {
  const unit = duration.replace(/^[\d.]+/, '');
  return Number.parseFloat(duration) * (milliseconds[unit as keyof typeof milliseconds] ?? 1000);
};

/** `200/s`, `30/m` → per second. */
export const ratePerSecond = (rate: string): number => Number.parseFloat(rate) / (rate.endsWith('/m') ? 60 : 1);
