import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

// Worker threads write their coverage when they end, but vitest kills the process that ran a test file.
if (process.env.NODE_V8_COVERAGE) afterAll(() => takeCoverage());
