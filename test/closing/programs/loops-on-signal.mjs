// A loop over a map or a stream whose body is busy when a signal comes. Says how far it gets. Arguments:
// which loop, the timeout.
import { setImmediate as turn } from 'node:timers/promises';
import { Balancer, closeOnSignal, Router } from 'leastwork';

const [kind, timeout] = process.argv.slice(2);
const say = (word) => process.stdout.write(`${word}\n`);
const balancer = new Balancer({ workers: 1 });
const router = new Router({ '*': balancer });
closeOnSignal(kind === 'router' ? router : balancer, { timeout: Number(timeout) });

async function turns(count) {
  for (let i = 0; i < count; i++) await turn();
}

function* numbers() {
  for (let n = 1; ; n++) yield n;
}

/** Gives one item and then nothing, for ever. */
async function* one() {
  try {
    yield 1;
    say('waits');
    await new Promise(() => {});
  } finally {
    say('source closed');
  }
}

const task = (n) => n;
const loops = {
  map: () => balancer.map(numbers(), task),
  unordered: () => balancer.map(numbers(), task, { ordered: false }),
  router: () => router.map(numbers(), task),
  source: () => balancer.map(one(), task),
  stream: () =>
    balancer.stream(function* () {
      yield 1;
      yield 2;
      yield 3;
    }),
  'slow stream': () =>
    balancer.stream(function* () {
      for (let n = 1; n <= 12; n++) yield n;
    }),
  'slow map': () =>
    balancer.map(
      Array.from({ length: 12 }, (_, i) => i + 1),
      task,
    ),
  endless: () =>
    balancer.stream(function* () {
      for (let n = 1; ; n++) yield n;
    }),
  ended: () => balancer.map([1], task),
  never: () => balancer.map(numbers(), task),
};

async function closed() {
  while (balancer.stats().workers.length > 0) await turn();
  await turns(50);
}

// As a connection does that the loop takes from.
const hold = setInterval(() => {}, 1_000);
let seen = 0;
try {
  for await (const value of loops[kind]()) {
    seen++;
    if (kind === 'source' || kind === 'ended') continue;
    if (kind.startsWith('slow ')) {
      // All values are there. The first body takes until shortly before the end, another one would take longer.
      while (seen === 1 && balancer.stats().pending + balancer.stats().waiting > 0) await turn();
      say('ready');
      await new Promise((resolve) => setTimeout(resolve, 0.92 * Number(timeout)));
      continue;
    }
    try {
      if (value !== 1) continue;
      say('ready');
      if (kind !== 'endless') await closed();
      say('body');
      if (kind === 'never') await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
    } finally {
      await turns(5);
    }
  }
  say(`done after ${seen}`);
  if (kind === 'ended') say('ready');
} catch (error) {
  say(error.code);
} finally {
  if (kind !== 'ended') {
    await turns(50);
    say('finally');
    clearInterval(hold);
  }
}
