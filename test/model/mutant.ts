import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Window } from '../../dist/src/protocol/window.js';

const source = readFileSync(new URL('../../dist/src/protocol/window.js', import.meta.url), 'utf8')
  .replace(/\n\/\/# .*$/s, '\n')
  // A module that is a data: URL has no folder.
  .replace("'./layout.js'", `'${new URL('../../dist/src/protocol/layout.js', import.meta.url)}'`);

/** The real Window with one expression replaced, in the method named. */
export async function mutant(method: string, from: RegExp, to: string): Promise<typeof Window> {
  const start = source.search(new RegExp(`^    ${method}\\(`, 'm'));
  const end = source.indexOf('\n    }\n', start);
  expect(start, `window.js has no method ${method}`).toBeGreaterThan(0);
  const body = source.slice(start, end);
  const changed = body.replace(from, to);
  expect(changed, `${method} has no ${from}: does the protocol still need it?`).not.toBe(body);
  const text = source.slice(0, start) + changed + source.slice(end);
  const module = await import(
    /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  );
  return module.Window;
}
