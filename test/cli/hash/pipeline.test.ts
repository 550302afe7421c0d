import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BATCH_BYTES,
  BUFFER_BYTES,
  type HashReply,
  type HashRequest,
  hashFiles,
} from '../../../dist/src/cli/hash/hash-task.js';
import { AHEAD_FILES, BATCH_FILES, type Hasher, hashInOrder } from '../../../dist/src/cli/hash/pipeline.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

/** Runs requests in this thread; `map` gives the replies in groups of three, each reversed. */
class InlineHasher implements Hasher {
  readonly again: HashRequest[] = [];
  taken = 0;
  run: (request: HashRequest) => HashReply = hashFiles;

  async *map(requests: AsyncIterable<HashRequest>): AsyncGenerator<HashReply> {
    let group: HashRequest[] = [];
    for await (const request of requests) {
      this.taken += request.paths.split('\0').length;
      if (group.push(request) < 3) continue;
      for (const one of group.reverse()) yield this.run(one);
      group = [];
    }
    for (const one of group.reverse()) yield this.run(one);
  }

  async submit(request: HashRequest): Promise<HashReply> {
    this.again.push(request);
    return this.run(request);
  }
}

function files(count: number, data: (index: number) => string | Buffer): { path: string }[] {
  const folder = join(directory, String(Math.random()));
  return Array.from({ length: count }, (_, index) => {
    const path = `${folder}-${index}`;
    writeFileSync(path, data(index));
    return { path };
  });
}

const options = { algorithm: 'sha256' };

async function collect(
  sources: Iterable<{ path: string }> | AsyncIterable<{ path: string }>,
  hasher: Hasher,
) {
  const all = [];
  for await (const batch of hashInOrder(sources, hasher, options)) all.push(...batch);
  return all;
}

describe('files come back in their order', () => {
  it.each([0, 1, BATCH_FILES - 1, BATCH_FILES, BATCH_FILES + 1, BATCH_FILES * 7 + 3])(
    '%i of them',
    async (count) => {
      const sources = files(count, (index) => `content ${index}`);
      const expected = sources.map((source, index) => ({
        file: source,
        outcome: sha256(`content ${index}`),
      }));
      expect(await collect(sources, new InlineHasher())).toEqual(expected);
    },
  );

  it('from an asynchronous source', async () => {
    const sources = files(100, (index) => `${index}`);
    async function* source() {
      yield* sources;
    }
    expect((await collect(source(), new InlineHasher())).map((hashed) => hashed.file)).toEqual(sources);
  });
});

it('runs a large file of a batch as a request of its own', async () => {
  const large = Buffer.alloc(BUFFER_BYTES * 3 + 1, 'large');
  const exact = Buffer.alloc(BUFFER_BYTES, 'exact');
  const sources = files(5, (index) => (index === 2 ? large : index === 3 ? exact : `${index}`));
  const hasher = new InlineHasher();
  const outcomes = (await collect(sources, hasher)).map((hashed) => hashed.outcome);
  expect(outcomes).toEqual(['0', '1', large, exact, '4'].map(sha256));
  expect(hasher.again.map((request) => request.paths)).toEqual([sources[2]!.path, sources[3]!.path]);
});

it('runs what is left of a batch that has become too much work as another request', async () => {
  const size = BUFFER_BYTES - 1;
  const sources = files(8, (index) => Buffer.alloc(size, `${index}`));
  const hasher = new InlineHasher();
  const outcomes = (await collect(sources, hasher)).map((hashed) => hashed.outcome);
  expect(outcomes).toEqual(sources.map((_, index) => sha256(Buffer.alloc(size, `${index}`))));
  const first = Math.ceil(BATCH_BYTES / size);
  expect(hasher.again.map((request) => request.paths)).toEqual([
    sources
      .slice(first)
      .map((source) => source.path)
      .join('\0'),
  ]);
});

it('says what is wrong with a file, and goes on with the others', async () => {
  const sources = files(4, (index) => `${index}`);
  rmSync(sources[1]!.path);
  sources[2] = { path: directory };
  const outcomes = (await collect(sources, new InlineHasher())).map((hashed) => hashed.outcome);
  expect(outcomes).toEqual([sha256('0'), { error: 'ENOENT' }, { error: 'EISDIR' }, sha256('3')]);
});

it('counts all bytes, also those of a file under way', async () => {
  const sources = files(40, (index) => Buffer.alloc(index === 7 ? BUFFER_BYTES * 2 + 5 : 10));
  const counter = new BigInt64Array(new SharedArrayBuffer(8));
  const replies: HashReply[] = [];
  const hashing = { ...options, counter, onReply: (reply: HashReply) => replies.push(reply) };
  for await (const _ of hashInOrder(sources, new InlineHasher(), hashing));
  const bytes = 39 * 10 + BUFFER_BYTES * 2 + 5;
  expect(Number(counter[0])).toBe(bytes);
  expect(replies.reduce((sum, reply) => sum + reply.bytes, 0)).toBe(bytes);
});

it('stays a bounded number of files ahead of the one whose turn it is', async () => {
  let produced = 0;
  const total = AHEAD_FILES * 3;
  function* endless() {
    for (; produced < total; produced++) yield { path: 'x' };
  }
  const hasher = new InlineHasher();
  let release: (reply: HashReply) => void = () => {};
  // The first file is handed back as large, and its own request takes until it is released.
  hasher.run = (request) => {
    const outcomes = request.paths
      .split('\0')
      .map((_, index) => (request.batch + index === 0 ? null : 'digest'));
    return { batch: request.batch, outcomes, bytes: 0, thread: 1 };
  };
  hasher.submit = () => new Promise((resolve) => (release = resolve));
  const hashing = hashInOrder(endless(), hasher, options);
  const first = hashing.next();
  let before = -1;
  while (produced !== before) {
    before = produced;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(hasher.taken).toBeGreaterThanOrEqual(AHEAD_FILES);
  expect(produced).toBeLessThanOrEqual(AHEAD_FILES + 2 * BATCH_FILES);
  release({ batch: 0, outcomes: ['digest'], bytes: 0, thread: 1 });
  let count = (await first).value!.length;
  for await (const batch of hashing) count += batch.length;
  expect(count).toBe(total);
});

describe('a failure ends it', () => {
  it('of the source', async () => {
    function* failing() {
      yield { path: 'x' };
      throw new Error('no more');
    }
    await expect(collect(failing(), new InlineHasher())).rejects.toThrow('no more');
  });

  it('of a worker', async () => {
    const hasher = new InlineHasher();
    hasher.run = () => {
      throw new Error('crashed');
    };
    await expect(collect([{ path: 'x' }], hasher)).rejects.toThrow('crashed');
  });

  it('of a single request', async () => {
    const hasher = new InlineHasher();
    hasher.submit = () => Promise.reject(new Error('crashed'));
    const sources = files(2, () => Buffer.alloc(BUFFER_BYTES));
    await expect(collect(sources, hasher)).rejects.toThrow('crashed');
  });
});

it.each(['sha1', 'md5', 'sha512', 'blake2b512', 'shake256', 'SHA256'])('hashes with %s', (algorithm) => {
  const [small, large] = files(2, (index) => Buffer.alloc(index * BUFFER_BYTES * 2 + 3, 'z'));
  const outcome = (path: string) =>
    hashFiles({ batch: 0, algorithm, paths: path, counter: undefined }).outcomes[0];
  expect(outcome(small!.path)).toBe(createHash(algorithm).update(Buffer.alloc(3, 'z')).digest('hex'));
  expect(outcome(large!.path)).toBe(
    createHash(algorithm)
      .update(Buffer.alloc(BUFFER_BYTES * 2 + 3, 'z'))
      .digest('hex'),
  );
});
