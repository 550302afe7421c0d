import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Balancer, tasks } from 'leastwork';
import { runBatch } from 'leastwork/batch';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'leastwork-model-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Item = [n: number, kind: string, size: number];

/** What the output must be, by the function's own description. */
function linesOf([n, kind, size]: Item): string[] {
  if (['none', 'throws', 'exits'].includes(kind)) return [];
  if (kind === 'long') return [`${n} `.repeat(size)];
  return kind === 'many' ? Array.from({ length: size }, (_, i) => `${n}:${i}`) : [`${n}`];
}

const SHARES: [kind: string, share: number, size: number][] = [
  ['exits', 0.002, 0],
  ['throws', 0.03, 6_000],
  ['long', 0.01, 20_000],
  ['many', 0.01, 8_000],
  ['once-exits', 0.001, 0],
  ['once-throws', 0.02, 0],
  ['later', 0.002, 0],
  ['slow', 0.003, 0],
  ['none', 0.1, 0],
];

function randomItem(n: number, random: () => number): Item {
  let chance = random();
  for (const [kind, share, most] of SHARES) {
    if (chance < share) return [n, kind, Math.floor(random() ** 3 * most)];
    chance -= share;
  }
  return [n, 'plain', 0];
}

// Of the longer lines the threads read the file themselves.
test.each([
  [1, ''],
  [2, ''],
  [3, ''],
  [4, 'long lines'],
  [5, 'long lines'],
  [6, 'long lines'],
])(
  'failures, retries, dead threads, results without room: all is as it must be (%i %s)',
  async (seed, lines) => {
    const random = seeded(seed);
    const count = lines === '' ? 300 + Math.floor(random() * 1_000) : 900;
    const items = Array.from({ length: count }, (_, n) => randomItem(n, random));
    const ordered = seed % 2 === 0;
    const pad = lines === '' ? '' : ` ${'.'.repeat(20_000)}`;
    const lineOf = (item: Item) => item.join(' ') + pad;
    const path = (name: string) => join(directory, `${name}-${seed}`);
    mkdirSync(path('marks'));
    writeFileSync(path('in'), items.map(lineOf).join('\n'));

    await using balancer = new Balancer({ workers: 2, env: { ...process.env, MARKS: path('marks') } });
    const { outcome } = tasks<{ outcome(line: string): unknown }>(
      new URL('./model-task.mjs', import.meta.url),
    );
    const report = await runBatch(balancer, {
      input: path('in'),
      output: path('out'),
      errors: path('err'),
      task: outcome,
      ordered,
      retry: { attempts: 3, delay: 1 },
    });

    const failing = items.filter(([, kind]) => kind === 'throws' || kind === 'exits');
    const inOrder = (lines: string[]) => (ordered ? lines : lines.sort());
    const written = readFileSync(path('out'), 'utf8').split('\n').slice(0, -1);
    expect(inOrder(written)).toEqual(inOrder(items.flatMap(linesOf)));
    const failed = readFileSync(path('err'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    failed.sort((a, b) => a.line - b.line);
    expect(failed.map(({ line, item }) => [line, item])).toEqual(
      failing.map((item) => [item[0] + 1, lineOf(item)]),
    );
    expect(report).toMatchObject({ outcome: 'complete', items: count, failed: failing.length });
  },
);

/** mulberry32. */
function seeded(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
