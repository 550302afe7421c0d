// Two tasks print 32 MB in pieces of 4 KB or more, while the reader of this process's stdout waits for the
// word on stderr: how many bytes were printed when nothing was read for a while.
import { Balancer } from 'leastwork';

const [bytes] = process.argv.slice(2).map(Number);
const PRINTED = 0;
const words = new Int32Array(new SharedArrayBuffer(4));
const balancer = new Balancer({ workers: 2 });
const print = (words, bytes) => {
  const chunk = Buffer.alloc(bytes, 'x');
  for (let sent = 0; sent < 2 ** 24; sent += bytes) {
    process.stdout.write(chunk);
    Atomics.add(words, 0, bytes);
  }
};
const done = Promise.all([balancer.submit(print, [words, bytes]), balancer.submit(print, [words, bytes])]);
while (Atomics.load(words, PRINTED) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
// Longer than a thread waits for a main thread that gives no sign of life.
await new Promise((resolve) => setTimeout(resolve, 1_500));
process.stderr.write(`${Atomics.load(words, PRINTED)}\n`);
await done;
await balancer.close();
