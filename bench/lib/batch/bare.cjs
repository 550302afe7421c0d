/**
 * Two or more bare threads, the least that is to be done for the same result: `node bare.cjs FILE THREADS`.
 * Each reads, cuts and decodes a share of the file of its own, so that nobody hands it anything, and the main
 * thread writes what they give in the end. No rule of input and output is kept, no failure, no memory limit.
 */
const { fstatSync, openSync, readSync, writeSync } = require('node:fs');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { id } = require('./task.cjs');

const PIECE = 64 * 1024;

/** The lines that begin from one position of the file up to another. */
function share(file, from, to) {
  const piece = Buffer.allocUnsafeSlow(PIECE);
  const out = [];
  let lines = '';
  // The line that begins before the share belongs to the one before: it is skipped from one byte earlier on.
  let at = from === 0 ? 0 : from - 1;
  let skips = from > 0;
  for (;;) {
    const read = readSync(file, piece, 0, PIECE, at);
    const end = piece.subarray(0, read).lastIndexOf(10) + 1;
    if (end === 0) break;
    const text = piece.toString('latin1', 0, end);
    let start = 0;
    if (skips) {
      start = text.indexOf('\n') + 1;
      skips = false;
    }
    for (let stop = text.indexOf('\n', start); stop >= 0; stop = text.indexOf('\n', start)) {
      if (at + start >= to) break;
      lines += `${id(text.slice(start, stop))}\n`;
      start = stop + 1;
    }
    if (lines.length >= PIECE) {
      out.push(Buffer.from(lines, 'latin1'));
      lines = '';
    }
    at += end;
    if (at >= to) break;
  }
  out.push(Buffer.from(lines, 'latin1'));
  return Buffer.concat(out);
}

if (isMainThread) {
  const [path, count] = process.argv.slice(2);
  const threads = Number(count);
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  const outputs = [];
  let done = 0;
  for (let n = 0; n < threads; n++) {
    const range = [Math.floor((size * n) / threads), Math.floor((size * (n + 1)) / threads)];
    const worker = new Worker(__filename, { workerData: { path, range } });
    worker.on('message', (bytes) => {
      outputs[n] = bytes;
      if (++done < threads) return;
      for (const output of outputs) for (let at = 0; at < output.length; ) at += writeSync(1, output, at);
      process.exit();
    });
  }
} else {
  const { path, range } = workerData;
  const bytes = share(openSync(path, 'r'), ...range);
  parentPort.postMessage(bytes, bytes.buffer.byteLength === bytes.length ? [bytes.buffer] : []);
}
