import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Balancer, tasks } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe("a syntax error in a task's module", () => {
  let balancer: Balancer;
  let folder: string;
  beforeAll(async () => {
    balancer = new Balancer({ workers: 1 });
    folder = await mkdtemp(path.join(tmpdir(), 'leastwork-syntax-'));
  });
  afterAll(async () => {
    await balancer.close();
    await rm(folder, { recursive: true });
  });

  /** The message of the error with which a task of that file fails. */
  async function messageOf(file: string, text: string): Promise<string> {
    const at = path.join(folder, file);
    await writeFile(at, text);
    const { run } = tasks<{ run(): void }>(pathToFileURL(at).href);
    const error = await balancer.submit(run).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', cause: { name: 'SyntaxError' } });
    return (error as Error).message;
  }

  it('is found with its file and line', async () => {
    const text = 'export function run() {}\n\nconst = 3;\n';
    expect(await messageOf('esm.mjs', text)).toMatch(/Unexpected token '=' \(file:.*\/esm\.mjs:3:7\)$/);
    expect(await messageOf('common.cjs', 'exports.run = () => {};\nconst = 3;\n')).toMatch(
      /Unexpected token '=' \(.*common\.cjs:2\)$/,
    );
  });

  it('also in a module that it imports', async () => {
    await writeFile(path.join(folder, 'inner.mjs'), 'export const a = 1;\n\n\nreturn 3;\n');
    const text = "import { a } from './inner.mjs';\nexport const run = () => a;\n";
    expect(await messageOf('outer.mjs', text)).toMatch(/ \(file:.*\/inner\.mjs:4:1\)$/);
  });

  it('or in what is imported: the line of the import', async () => {
    await writeFile(path.join(folder, 'whole.mjs'), 'export const a = 1;\n');
    const text = "\nimport { b } from './whole.mjs';\nexport const run = () => b;\n";
    expect(await messageOf('missing.mjs', text)).toMatch(/ \(file:.*\/missing\.mjs:2\)$/);
  });
});
