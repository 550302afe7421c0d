import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * Tests that start programs or engines and wait for them, or compute: one beside them does not disturb them, nor
 * what others have left in their process.
 */
const CALM = [
  'test/{batch,ci,cli,cluster,collections,model,policies,properties,protocol}/**/*.test.ts',
  'test/tasks/source/!(vitest).test.ts',
];
const PACKAGE = ['test/package/*.test.ts'];

/** Each file brings threads and processes of its own, and waits much: two files at a time keep two cores busy. */
const two = Math.min(availableParallelism(), 2);

/** A process that starts takes longer than most files of tests: one for many files, unless they need their own. */
const shared = { isolate: false };
const project = (name: string, include: string[], exclude: string[], groupOrder: number, more: object) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['test/fixtures/**', 'test/matrix/**', '**/node_modules/**', ...exclude],
    sequence: { groupOrder },
    ...more,
  },
});

export default defineConfig({
  test: {
    // Real processes, since tests start real worker threads, and some end them badly.
    pool: 'forks',
    // Far above what any test takes: a machine may be slow, and only a hang should ever reach them.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Below that, so that it says what it has waited for; by default a second.
    expect: { poll: { timeout: 50_000 } },
    setupFiles: ['test/support/setup.ts'],
    globalSetup: ['test/support/run-folder.ts'],
    // The built package is loaded by Node itself, as users load it, not transformed by vite.
    server: { deps: { external: [/\/dist\//] } },
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'coverage/tests.json' }]] : ['default'],
    projects: [
      project('package', PACKAGE, [], 0, {
        ...shared,
        maxWorkers: two,
        globalSetup: ['test/package/installed.ts'],
      }),
      project('calm', CALM, [], 0, { ...shared, maxWorkers: two }),
      // They look at threads, memory, listeners and the like of the whole process.
      project('timed', ['test/**/*.test.ts'], [...PACKAGE, ...CALM], 1, { maxWorkers: two }),
    ],
  },
});
