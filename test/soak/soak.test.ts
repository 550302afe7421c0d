import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runNode } from '../support/program.js';

const program = fileURLToPath(new URL('soak.mjs', import.meta.url));
const REQUESTS = 20_000;

/** The rows of a Markdown table by their first cell. */
function rowsOf(markdown: string): Map<string, string[]> {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  return new Map(
    rows.map((line) => {
      const [name, ...cells] = line.split('|').slice(1, -1);
      return [name!.trim(), cells.map((cell) => cell.trim())];
    }),
  );
}

const numberOf = (cell: string | undefined) => Number(cell?.replaceAll(',', ''));

it('loses nothing among many requests of all kinds, crashes and changes of the set', async () => {
  const args = ['--expose-gc', program, '--requests', String(REQUESTS), '--seed', '1'];
  // Threads that run out of memory could not write their coverage, and would say so. (Node would add the
  // variable if it were missing.)
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const { stdout, stderr, code } = await runNode(args, { env });
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });

  const rows = rowsOf(stdout);
  expect(rows.get('violations')).toEqual(['0']);
  expect(numberOf(rows.get('threads crashed')?.[0])).toBeGreaterThan(10);
  const kinds = [...rows].filter(
    ([name, cells]) => cells.length === 3 && name !== 'kind' && !/^-/.test(name),
  );
  const all = kinds.pop();
  expect(all?.[0]).toBe('all');
  expect(numberOf(all?.[1][0])).toBe(REQUESTS);
  // Every kind there is has been among them.
  for (const [kind, [count]] of kinds) expect(numberOf(count), kind).toBeGreaterThan(0);
  expect(kinds.reduce((sum, [, [count]]) => sum + numberOf(count), 0)).toBe(REQUESTS);
}, 300_000);
