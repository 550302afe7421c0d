import { ours, sandboxed } from './lib/cluster/contestants.mjs';
import { startRedis } from './lib/cluster/redis.mjs';
const rows = process.argv.slice(2).map((x) => x.split(':').map((y) => (isNaN(y) ? y : Number(y))));
const redis = await startRedis();
const how = { machines: 2, name: 'bench', lockDuration: 5000 };
const cs = [await ours(redis, how), await sandboxed(redis, { ...how, name: 'sandboxed' })];
const items = (n) => Array.from({ length: n }, (_, i) => i);
for (const c of cs) await c.run('noop', items(20000), 10);
for (const [chunk, count, rounds, theirs = chunk, task = 'noop', steps] of rows) {
  const ratios = []; const rates = [[], []];
  for (let r = 0; r < rounds; r++) {
    const got = [];
    for (const [k, c] of (r % 2 ? [[1, cs[1]], [0, cs[0]]] : [[0, cs[0]], [1, cs[1]]])) {
      const n = k === 1 && chunk === 'auto' && theirs === 1 ? 20000 : count;
      const given = steps ? items(n).map(() => steps) : items(n);
      const ch = k === 1 ? theirs : chunk;
      await c.run(task, given.slice(0, n / 4), ch);
      const cpu0 = process.cpuUsage(); const s = performance.now(); await c.run(task, given, ch); const ms = performance.now() - s; const cpu = process.cpuUsage(cpu0);
      got[k] = n * 1000 / ms; rates[k].push(Math.round(got[k]));
      if (process.env.CPU) console.log(c.name, 'submitter cpu', ((cpu.user + cpu.system) / 1000 / ms).toFixed(2));
    }
    ratios.push((got[0] / got[1]).toFixed(2));
  }
  console.log(chunk, task, 'ours', rates[0].join(' '), 'theirs', rates[1].join(' '), 'ratio', ratios.join(' '));
}
for (const c of cs) await c.close();
await redis.stop(); process.exit();
