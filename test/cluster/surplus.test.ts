/** Jobs that a machine has ahead since those before them were short. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { freshFiles, linesOf } from '../support/written-lines.js';

const fresh = freshFiles('surplus');

onEachEngine((site) => {
  for (const share of [1, 0.5]) {
    test(`they go to others when they are long: share ${share}`, async () => {
      const machine = await site.machine({ balancer: { workers: 2 }, share });
      const cluster = site.cluster();
      const shortOnes = () => Promise.all(range(0, 200).map(() => cluster.submit(work.add, [1, 2])));
      while (machine.stats().slots < 20) await shortOnes();
      const [file, gate] = [fresh(), fresh()];
      const lines = range(0, 40).map(String);
      const results = lines.map((line) => cluster.submit(work.noteAndWait, [file, line, gate]));
      // Those that run, and one.
      await expect.poll(() => machine.stats().running).toBe(2 * share + 1);
      const other = await site.machine({ balancer: { workers: 4 } });
      await expect.poll(() => other.stats().running).toBe(5);
      await expect.poll(() => linesOf(file).length).toBe(2 * share + 4);
      writeFileSync(gate, '');
      expect(await Promise.all(results)).toEqual(lines);
      expect(linesOf(file).sort()).toEqual([...lines].sort());
      expect(cluster.stats()).toMatchObject({ failed: 0 });
    });
  }
});
