import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Handover } from '../../dist/src/protocol/handover.js';
import type { ThreadStatus } from '../../dist/src/protocol/thread-status.js';
import type { Window } from '../../dist/src/protocol/window.js';

const folder = new URL('../../dist/src/protocol/', import.meta.url);

/**
 * The text of a module of `protocol/`. A module that is a data: URL has no folder, so its imports become
 * absolute.
 */
const sourceOf = (file: string) =>
  readFileSync(new URL(file, folder), 'utf8')
    .replace(/\n\/\/# .*$/s, '\n')
    .replace(/(?<=from ')\.\/[\w-]+\.js(?=')/g, (path) => new URL(path, folder).href);

/** The real Window with one expression replaced, in the method named. */
export async function windowMutant(method: string, from: RegExp, to: string): Promise<typeof Window> {
  return (await mutant('window.js', method, from, to)).Window as typeof Window;
}

/** The same of Handover. */
export async function handoverMutant(method: string, from: RegExp, to: string): Promise<typeof Handover> {
  return (await mutant('handover.js', method, from, to)).Handover as typeof Handover;
}

/** The same of ThreadStatus. */
export async function statusMutant(method: string, from: RegExp, to: string): Promise<typeof ThreadStatus> {
  return (await mutant('thread-status.js', method, from, to)).ThreadStatus as typeof ThreadStatus;
}

async function mutant(
  file: string,
  method: string,
  from: RegExp,
  to: string,
): Promise<Record<string, unknown>> {
  const source = sourceOf(file);
  const start = source.search(new RegExp(`^    ${method}\\(`, 'm'));
  const end = source.indexOf('\n    }\n', start);
  expect(start, `${file} has no method ${method}`).toBeGreaterThan(0);
  const body = source.slice(start, end);
  const changed = body.replace(from, to);
  expect(changed, `${method} has no ${from}: does the protocol still need it?`).not.toBe(body);
  const text = source.slice(0, start) + changed + source.slice(end);
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
}
