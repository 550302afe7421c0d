import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Lines of one piece, and pieces of each thread. */
const LINES = 256;
const PIECES = 8;
/** Words of a piece: its state, how many lines, their ends, their results; then the text, of so many bytes. */
const ENDS = 2;
const RESULTS = ENDS + LINES;
const TEXT = 4 * (RESULTS + LINES);
const BYTES = 128 * 1_024;

const CODE = `
  const { parentPort, workerData: { pieces, source } } = require('node:worker_threads');
  const task = (0, eval)('(' + source + ')');
  const words = pieces.map((piece) => new Int32Array(piece, 0, ${TEXT / 4}));
  const texts = pieces.map((piece) => Buffer.from(piece, ${TEXT}));
  parentPort.postMessage('ready');
  for (let n = 0; ; n = (n + 1) % ${PIECES}) {
    const word = words[n];
    for (let state = 0; (state = Atomics.load(word, 0)) !== 1; ) Atomics.wait(word, 0, state);
    const count = word[1];
    const text = texts[n].latin1Slice(0, word[${ENDS} + count - 1]);
    for (let i = 0, from = 0; i < count; i++) {
      const to = word[${ENDS} + i];
      word[${RESULTS} + i] = task(text.slice(from, to));
      from = to;
    }
    Atomics.store(word, 0, 2);
    Atomics.notify(word, 0);
  }
`;

/**
 * Bare threads that are handed the lines by the cheapest way that we know, and give a 32-bit integer for each:
 * copied through fixed memory that both sides share, the main thread blocking where it has to wait. Lines of
 * Latin-1, no failures, no other values, no timers or I/O meanwhile: the limit of what can be gained by
 * handing lines to threads on this machine, and, with `values`, by a loop over the results.
 * @param {number} count
 * @param {string[]} lines each shorter than 500 characters
 * @param {(line: any) => unknown} task refers to nothing outside
 */
export async function givenLines(count, lines, task) {
  const pieces = Array.from({ length: count }, () =>
    Array.from({ length: PIECES }, () => new SharedArrayBuffer(TEXT + BYTES)),
  );
  const threads = pieces.map(
    (own) => new Worker(CODE, { eval: true, workerData: { pieces: own, source: String(task) } }),
  );
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  // One piece after the other: the first of each thread, the second of each, and so on.
  const ring = Array.from({ length: PIECES * count }, (_, n) => {
    const piece = pieces[n % count][Math.floor(n / count)];
    return { words: new Int32Array(piece, 0, TEXT / 4), text: Buffer.from(piece, TEXT) };
  });

  /** Waits until the thread has run a piece that it was given. @param {Int32Array} words */
  function wait(words) {
    while (Atomics.load(words, 0) === 1) Atomics.wait(words, 0, 1);
  }

  /** Gives a thread the next lines. @param {number} at of the first one @returns that of the one after the last */
  function give(/** @type {(typeof ring)[number]} */ { words, text }, at) {
    const to = Math.min(at + LINES, lines.length);
    let joined = '';
    for (let i = at; i < to; i++) {
      joined += lines[i];
      words[ENDS + i - at] = joined.length;
    }
    text.write(joined, 'latin1');
    words[1] = to - at;
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
    return to;
  }

  // A thread goes on with its next piece, also in the next run.
  let next = 0;

  /**
   * The results of the pieces, in the order of the lines: each piece until the next one is asked for.
   * @returns {Generator<Int32Array, undefined, void>}
   */
  function* results() {
    let oldest = next;
    let waiting = 0;
    for (let at = 0; at < lines.length || waiting > 0; ) {
      if (at < lines.length && waiting < ring.length) {
        at = give(ring[next], at);
        next = (next + 1) % ring.length;
        waiting++;
        continue;
      }
      const { words } = ring[oldest];
      wait(words);
      yield words;
      oldest = (oldest + 1) % ring.length;
      waiting--;
    }
    return undefined;
  }

  return {
    run() {
      let sum = 0;
      for (const words of results()) for (let i = 0; i < words[1]; i++) sum += words[RESULTS + i];
      return sum;
    },
    /** The results one by one, for a `for await`: the least that an iterator of results does. */
    values() {
      const pieces = results();
      /** @type {Int32Array} */
      let words = new Int32Array(2);
      let at = 0;
      const next = () => {
        if (at === words[1]) {
          const piece = pieces.next();
          if (piece.done) return Promise.resolve({ done: /** @type {const} */ (true), value: undefined });
          words = piece.value;
          at = 0;
        }
        return Promise.resolve({ done: false, value: words[RESULTS + at++] });
      };
      return { [Symbol.asyncIterator]: () => ({ next }) };
    },
    end: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
