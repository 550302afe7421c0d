// What each example is to do. A check gets the installed `Project`, and throws where the example does
// something else.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { programsOf } from '../documents/programs.mjs';

/** Number of primes below 1,000, and a limit that takes a thread some seconds at least. */
const SHORT = [1_000, '168'];
const ENDLESS = 1_000_000_000;

export const checks = {
  async readme(project) {
    const [first] = programsOf(await readFile('README.md', 'utf8'), 'README.md');
    await writeFile(path.join(project.folder, 'first.mjs'), first.text);
    assert.equal(await project.run('node', ['first.mjs']), '3\n');
  },

  async 'http-server'(project) {
    await checkServer(project, (below) => `/primes?below=${below}`);
    // Whoever is still waiting when the time for the shutdown is over has an answer, too.
    const server = await project.serve('server.js', { WORKERS: '1', TIMEOUT: '60000', DRAIN: '200' });
    const asked = await oneRuns((below) => fetch(`${server.url}/primes?below=${below}`));
    const end = server.stop();
    assert.deepEqual(await statusesOf(asked), [503, 503]);
    assert.deepEqual(await end, { code: 0, signal: null });
  },
  fastify: (project) => checkServer(project, (below) => `/primes/${below}`),

  async thumbnails(project) {
    const output = await project.run('npm', ['start']);
    const [, folder] = /^24 thumbnails in (.*), 0 failed, \d+ ms$/m.exec(output) ?? fail(output);
    const image = await readFile(path.join(folder, 'image-00.webp'));
    assert.equal(image.toString('latin1', 8, 12), 'WEBP');
  },

  async 'markdown-site'(project) {
    assert.match(await project.run('npm', ['start']), /^3 pages in /m);
    const site = path.join(project.folder, 'site');
    const index = await readFile(path.join(site, 'index.html'), 'utf8');
    assert.deepEqual(index.match(/(?<=">)\w+(?=<\/a>)/g), ['Threads', 'Windows', 'Balance']);
    assert.match(await readFile(path.join(site, '01-threads.html'), 'utf8'), /<strong>event loop<\/strong>/);
  },

  async 'password-hashing'(project) {
    const output = await project.run('npm', ['start']);
    assert.match(output, /in threads: for up to \d+ ms, with 20 hashes/);
    assert.match(output, /right password: true\nwrong password: false/);
  },

  async 'csv-batch'(project) {
    const output = await project.run('npm', ['start']);
    assert.match(output, /^complete: 100000 records, 3 failed/m);
    assert.match(output, /line 12: RangeError: order 10: 'two' × '3' is no number/);
    const [, totals] = /results: (.*)/.exec(output) ?? fail(output);
    const lines = (await readFile(totals, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(JSON.parse(lines[0]), { id: '1', total: 0.25 });
  },

  async streaming(project) {
    const output = await project.run('npm', ['start']);
    assert.match(output, /^200 errors$/m);
    assert.match(output, /line 1000: 999 ERROR request 999\nline 2000: .*\nline 3000: /);
    // The second one was left early.
    const [all, part] = [...output.matchAll(/search read (\d+) lines/g)].map(([, number]) => Number(number));
    assert.equal(all, 200_000);
    assert.ok(part < all, `${part} lines read`);
  },

  async 'find-the-slow-task'(project) {
    const output = await project.run('npm', ['start'], { SECONDS: '4' });
    const [, slow] = /tasks\.js#parse .* p99 +([\d.]+) ms/.exec(output) ?? fail(output);
    assert.ok(Number(slow) > 100, `p99 of ${slow} ms`);
    assert.match(output, /worker \d runs tasks\.js#convert for \d+ s/);
    assert.match(output, /[1-9]\d* of \d+ requests were refused, maxQueue is 100/);
    const trace = JSON.parse(await readFile(path.join(project.folder, 'service.trace.json'), 'utf8'));
    const names = new Set(trace.map(({ name }) => name));
    for (const name of ['tasks.js#parse', 'tasks.js#convert', 'queue full', 'utilisation'])
      assert.ok(names.has(name), name);
  },

  async cluster(project) {
    const output = await project.run('npm', ['start']);
    assert.match(output, /killed with SIGKILL\n[\s\S]*^400 of 400 items, 0 failed, .*\nall came through\n$/m);
  },

  async service(project) {
    // What the files name is there, and the options are ones that the command knows: it gets as far as the
    // engine.
    const refused = project.run('npx', ['leastwork', 'work', '--engine-timeout', '1s'], {
      LEASTWORK_REDIS: 'redis://127.0.0.1:1',
    });
    await assert.rejects(refused, /ended with 2\n[\s\S]*the engine cannot be used/);
  },

  async jest(project) {
    assert.match(await project.run('npm', ['test']), /Tests: +2 passed, 2 total/);
  },

  async vitest(project) {
    assert.match(await project.run('npm', ['test']), /Tests +2 passed \(2\)/);
  },
};

/** Full, too slow, and shut down while requests are under way. */
async function checkServer(project, pathOf) {
  const limits = { WORKERS: '1', MAX_QUEUE: '1', TIMEOUT: '1500' };
  const server = await project.serve('server.js', limits);
  const get = (below) => fetch(server.url + pathOf(below));

  const [below, primes] = SHORT;
  const answer = await get(below);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), new RegExp(`\\b${primes}\\b`));

  // One runs, one waits, the others are refused; the one that runs is too slow, and so is the wait for it.
  const answers = await Promise.all(Array.from({ length: 6 }, () => get(ENDLESS)));
  const statuses = answers.map(({ status }) => status).sort();
  assert.equal(statuses.at(-1), 504, String(statuses));
  assert.equal(statuses[0], 503, String(statuses));
  for (const { status, headers } of answers) {
    if (status === 503) assert.equal(headers.get('retry-after'), '1');
  }

  // A request under way is answered, though it outlasts the signal; then the server ends by itself.
  const asked = await oneRuns(get);
  const end = server.stop();
  assert.deepEqual((await statusesOf(asked)).sort(), [503, 504]);
  assert.deepEqual(await end, { code: 0, signal: null });
  await assert.rejects(get(below));
}

/** @returns the answers to two requests, one of which runs, since the other one has waited in vain */
async function oneRuns(get) {
  // The thread of the last request may have been ended.
  await until(async () => (await get(SHORT[0])).status === 200);
  const asked = [get(ENDLESS), get(ENDLESS)];
  assert.equal((await Promise.race(asked)).status, 503);
  return asked;
}

async function statusesOf(answers) {
  return (await Promise.all(answers)).map(({ status }) => status);
}

async function until(holds) {
  while (!(await holds())) await new Promise((again) => setTimeout(again, 10));
}

function fail(output) {
  assert.fail(`unexpected output:\n${output}`);
}
