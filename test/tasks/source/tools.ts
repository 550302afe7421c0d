import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { outputOfNode } from '../../support/program.js';

/** The functions that each tool compiles. */
export const FUNCTIONS = fileURLToPath(new URL('../../fixtures/source/functions.ts', import.meta.url));
const CHECK = fileURLToPath(new URL('../../fixtures/source/check.mjs', import.meta.url));

/** What came of one function in a thread. */
export interface Outcome {
  value?: unknown;
  gives?: unknown;
  code?: string;
  message?: string;
}

export type Report = Record<string, Outcome>;

export function source(): string {
  return readFileSync(FUNCTIONS, 'utf8');
}

/** Runs the functions of a file in a thread. */
export async function reportOf(
  file: string,
  nodeOptions: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Report> {
  const stdout = await outputOfNode([...nodeOptions, CHECK, file], {
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout) as Report;
}

/** Runs the functions of compiled code, as a file of its own outside of this repository. */
export async function reportOfCode(
  code: string,
  extension: '.mjs' | '.cjs',
  env?: NodeJS.ProcessEnv,
): Promise<Report> {
  return inFolder(async (folder) => {
    const file = join(folder, `functions${extension}`);
    await writeFile(file, code);
    return reportOf(file, [], env);
  });
}

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'leastwork-source-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every function gives what it should, and those that capture are refused. */
export function expectAllRight(report: Report): void {
  expect(expectRightOrRefused(report)).toEqual(['importedBinding', 'constant']);
  expect(Object.keys(report).length).toBeGreaterThan(10);
}

/**
 * Every function either gives what it should or is refused as one that captures; what is refused is returned.
 */
export function expectRightOrRefused(report: Report): string[] {
  const refused: string[] = [];
  for (const [name, { value, gives, code, message }] of Object.entries(report)) {
    if (code === 'ERR_CAPTURED_VARIABLE') refused.push(name);
    else {
      expect(message, name).toBeUndefined();
      expect(value, name).toEqual(gives);
    }
  }
  return refused;
}
