import { readdirSync, readFileSync } from 'node:fs';
import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';
import { until } from '../support/until.js';

/** Names of the threads of this process, as `top -H` shows them. */
function threadNames(): string[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      return [readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim()];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

it.runIf(process.platform === 'linux').each([
  [undefined, ['leastwork 1', 'leastwork 2']],
  ['a', ['a worker 1', 'a worker 2']],
  ['thumbnail-service', ['thumbnail-ser 1', 'thumbnail-ser 2']],
  ['Bäumäumäumäumäu', ['Bäumäumäum 1', 'Bäumäumäum 2']],
])('threads of a Balancer named %s have names', async (name, expected) => {
  await using balancer = new Balancer({ workers: 2, ...(name !== undefined && { name }) });
  await balancer.workersReady();
  const ours = (): string[] =>
    threadNames()
      .filter((each) => / \d$/.test(each))
      .sort();
  await until(() => ours().length === expected.length);
  expect(ours()).toEqual(expected);
});

it('a thread knows its name, where Node has it', async () => {
  await using balancer = new Balancer({ workers: 1, name: 'images' });
  const name = await balancer.submit(async () => {
    const threads = (await import('node:worker_threads')) as { threadName?: string | null };
    return threads.threadName ?? undefined;
  });
  expect([undefined, 'images worker 1']).toContain(name);
});
