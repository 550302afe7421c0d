import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const printsMuch = fileURLToPath(new URL('programs/prints-much.mjs', import.meta.url));
const taskEntry = new URL('../../dist/workers/task.js', import.meta.url).href;

describe('a task that sends without end', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  /** What the task prints arrives here, chunk by chunk. */
  async function withOutput(run: (chunks: Uint8Array[]) => Promise<void>): Promise<void> {
    const { write } = process.stdout;
    const chunks: Uint8Array[] = [];
    process.stdout.write = ((chunk: Uint8Array) => chunks.push(chunk) > 0) as typeof write;
    try {
      await run(chunks);
    } finally {
      process.stdout.write = write;
    }
  }

  it('is never far ahead with its progress', async () => {
    const sent = new Int32Array(new SharedArrayBuffer(4));
    const task = async (entry: string, sent: Int32Array) => {
      const { context } = await import(entry);
      for (let i = 0; i < 20_000; i++) {
        Atomics.add(sent, 0, 1);
        context.progress(i);
      }
    };
    let received = 0;
    let ahead = 0;
    await balancer.submit(task, [taskEntry, sent], {
      onProgress: (value) => {
        expect(value).toBe(received);
        received++;
        ahead = Math.max(ahead, Atomics.load(sent, 0) - received);
      },
    });
    expect(received).toBe(20_000);
    expect(ahead).toBeLessThan(300);
  });

  it.each([4_096, 2 ** 22])('in pieces of %i bytes waits for the reader of the process', async (bytes) => {
    const child = spawn(process.execPath, [printsMuch, `${bytes}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = once(child, 'close');
    const [printed] = await once(child.stderr, 'data');
    // Each of the threads: what is on the way, the pieces that it is just printing, and the pipe.
    expect(Number(printed)).toBeLessThan(2 * 64 * 4_096 + 2 * 2 * bytes + 2 ** 20);
    let read = 0;
    for await (const chunk of child.stdout) read += chunk.length;
    expect(read).toBe(2 ** 25);
    expect((await closed)[0]).toBe(0);
  });

  it('and prints is heard in few pieces by a main thread that was busy', async () => {
    await withOutput(async (chunks) => {
      const LINES = 20_000;
      const [BUSY, PRINTED] = [0, 1];
      const flags = new Int32Array(new SharedArrayBuffer(8));
      const task = (flags: Int32Array, lines: number) => {
        Atomics.wait(flags, 0, 0);
        for (let i = 0; i < lines; i++) process.stdout.write(`line ${i}\n`);
        Atomics.store(flags, 1, 1);
        Atomics.notify(flags, 1);
        return 'result';
      };
      const promise = balancer.submit(task, [flags, LINES]);
      await new Promise((resolve) => setImmediate(resolve));
      Atomics.store(flags, BUSY, 1);
      Atomics.notify(flags, BUSY);
      Atomics.wait(flags, PRINTED, 0);
      expect(await promise).toBe('result');
      const text = Buffer.concat(chunks).toString();
      expect(text).toBe(Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join(''));
      expect(chunks.length).toBeLessThan(200);
    });
  });

  it('gives its output as Buffers, the two streams in their own orders, and before progress and results', async () => {
    await withOutput(async (chunks) => {
      const order: string[] = [];
      const task = async (entry: string) => {
        const { context } = await import(entry);
        process.stdout.write('one ');
        context.progress('progress');
        process.stdout.write(new Uint8Array([0x74, 0x77, 0x6f]));
        return 'result';
      };
      const result = await balancer.submit(task, [taskEntry], {
        onProgress: (value) => order.push(`${Buffer.concat(chunks)}${value}`),
      });
      order.push(`${Buffer.concat(chunks)} ${result}`);
      expect(order).toEqual(['one progress', 'one two result']);
      expect(chunks.every(Buffer.isBuffer)).toBe(true);
    });
  });

  it('prints after its last turn as well: what it leaves to its timers', async () => {
    await withOutput(async (chunks) => {
      await balancer.submit(() => {
        setTimeout(() => process.stdout.write('late'), 1);
      });
      while (chunks.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(Buffer.concat(chunks).toString()).toBe('late');
    });
  });
});
