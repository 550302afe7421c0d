import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**', 'test/matrix/**', '**/node_modules/**'],
    // Real processes, since tests start real worker threads, and some end them badly.
    pool: 'forks',
    // Each file brings threads and processes of its own, and waits much: two files at a time keep two cores busy.
    // CI takes its time: with one at a time what a test sees depends less on the others.
    maxWorkers: process.env.CI ? 1 : Math.min(availableParallelism(), 2),
    // Far above what any test takes: a machine may be slow, and only a hang should ever reach them.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: ['test/support/setup.ts'],
    // The built package is loaded by Node itself, as users load it, not transformed by vite.
    server: { deps: { external: [/\/dist\//] } },
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'coverage/tests.json' }]] : ['default'],
  },
});
