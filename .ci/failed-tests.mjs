// Which tests failed, and why, and the count of all: the last lines of a run.
// `node .ci/failed-tests.mjs RESULTS`, where RESULTS is what vitest's reporter `json` wrote.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** As many lines of each message as tell what was wrong. */
const LINES = 12;

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // vitest wrote none: it could not even start.
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] };
  }
}

const results = read(process.argv[2]);
for (const { name, message, assertionResults } of results.testResults) {
  const file = path.relative(process.cwd(), name);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  if (message) console.log(`${file}: ${message}`);
  for (const { fullName, failureMessages } of failed) {
    const lines = failureMessages.join('\n').split('\n').slice(0, LINES);
    console.log(`${file}: ${fullName}\n${lines.map((line) => `    ${line}`).join('\n')}`);
  }
}

const { numPassedTests, numFailedTests, numFailedTestSuites = 0 } = results;
// A file that does not load counts no test of its own.
console.log(`${numPassedTests} passed, ${numFailedTests || Math.min(numFailedTestSuites, 1)} failed`);
