import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { expectAllRight, reportOfCode, source } from './tools.js';

// amaro is what Node itself uses for --experimental-strip-types; Node 20 has it not built in.
// Its declarations cannot be reached through its exports.
const { transformSync } = createRequire(import.meta.url)('amaro') as {
  transformSync(code: string, options: { mode: 'strip-only' }): { code: string };
};

it("functions of which Node's own stripping took the types work", async () => {
  // Old Nodes cannot run `using` as it is.
  const withoutUsing = source()
    .replace('using _first', 'const first')
    .replace("steps.push('used')", '$&; first[Symbol.dispose]()');
  const { code } = transformSync(withoutUsing, { mode: 'strip-only' });
  expect(code).not.toContain(': number');
  expectAllRight(await reportOfCode(code, '.mjs'));
});
