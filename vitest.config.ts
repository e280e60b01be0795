import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Two cores: more workers than that make real servers and containers wait for each other.
    maxWorkers: 2,
    // Limits end what hangs; what is merely slow, on a machine that does ten other things, is nobody's fault.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
