import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { BUFFER_BYTES, type HashReply, type HashRequest } from '../../../dist/src/cli/hash/hash-task.js';
import { openHasher } from '../../../dist/src/cli/hash/hasher.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();
const small = join(directory, 'small');
const large = join(directory, 'large');
writeFileSync(small, 'small');
writeFileSync(large, Buffer.alloc(BUFFER_BYTES + 1, 'large'));
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

function open(...args: Parameters<typeof openHasher>) {
  const hasher = openHasher(...args);
  onTestFinished(() => hasher.close());
  return hasher;
}

function request(batch: number, paths = small, regular = true): HashRequest {
  return { batch, algorithm: 'sha256', paths, regular, counter: undefined };
}

async function* times(count: number, make: (batch: number) => HashRequest) {
  for (let batch = 0; batch < count; batch++) yield make(batch);
}

async function threadsOf(replies: AsyncIterable<HashReply>): Promise<number[]> {
  const threads = [];
  for await (const { thread } of replies) threads.push(thread);
  return threads;
}

it('the main thread and the others share the work', async () => {
  const hasher = open(2, { manyRequests: 1 });
  let made = 0;
  let here = 0;
  let there = 0;
  async function* source() {
    while (there < 50 || here < 50) yield request(made++);
  }
  const replies: HashReply[] = [];
  for await (const reply of hasher.map(source())) {
    replies.push(reply);
    if (reply.thread === threadId) here++;
    else there++;
  }
  expect(new Set(replies.map(({ thread }) => thread)).size).toBe(2);
  expect(replies.map(({ batch }) => batch).sort((a, b) => a - b)).toEqual([...Array(made).keys()]);
  expect(new Set(replies.flatMap(({ outcomes }) => outcomes))).toEqual(new Set([sha256('small')]));
});

it('with many workers, the main thread leaves the work to them as soon as they are ready', async () => {
  const hasher = open(9, { manyRequests: 1 });
  let made = 0;
  let there = 0;
  async function* source() {
    while (there < 50) yield request(made++);
  }
  const replies: HashReply[] = [];
  for await (const reply of hasher.map(source())) {
    replies.push(reply);
    if (reply.thread !== threadId) there++;
  }
  expect(replies[0]!.thread).toBe(threadId);
  const handedOver = replies.findIndex(({ thread }) => thread !== threadId);
  expect(replies.slice(handedOver + 1).filter(({ thread }) => thread === threadId).length).toBeLessThan(2);
});

it('few small files are done without workers', async () => {
  const threads = await threadsOf(open(2).map(times(20, (batch) => request(batch))));
  expect(threads).toEqual(Array(20).fill(threadId));
});

it('one worker is not started for small files, however many', async () => {
  const threads = await threadsOf(open(1).map(times(2000, (batch) => request(batch))));
  expect(new Set(threads)).toEqual(new Set([threadId]));
});

it('what is not known to be a regular file is not for the main thread', async () => {
  const threads = await threadsOf(open(1).map(times(3, (batch) => request(batch, small, batch === 0))));
  expect(threads.map((thread) => thread === threadId)).toEqual([true, false, false]);
});

it('a source that fails, fails the whole', async () => {
  async function* source() {
    yield request(0);
    throw new Error('unreadable');
  }
  await expect(threadsOf(open(1).map(source()))).rejects.toThrow('unreadable');
  await expect(threadsOf(open(2, { manyRequests: 1 }).map(source()))).rejects.toThrow('unreadable');
});

it('with the first large file there are as many workers beside the main thread', async () => {
  const hasher = open(3);
  const threads = new Set<number>();
  while (threads.size < 3) {
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, batch) => hasher.submit(request(batch, large))),
    );
    for (const { thread } of replies) threads.add(thread);
  }
  expect(threads).not.toContain(threadId);
});

it('a large file is handed back by the main thread, also where it is alone', async () => {
  const hasher = open(1);
  for await (const reply of hasher.map(times(1, (batch) => request(batch, large)))) {
    expect(reply.outcomes).toEqual([null]);
  }
  const reply = await hasher.submit(request(0, large));
  expect(reply.outcomes).toEqual([sha256(Buffer.alloc(BUFFER_BYTES + 1, 'large'))]);
  expect(reply.thread).not.toBe(threadId);
});
