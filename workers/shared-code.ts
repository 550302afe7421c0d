/**
 * The compiled code of the work loop, in memory that all threads of a process share; see
 * `src/worker/thread-code.ts`. A thread that finds it there need not compile the loop, nor read its file.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, Script } from 'node:vm';

/** Words at the beginning of the memory. */
const STATE = 0;
const TEXT_BYTES = 1;
const CODE_BYTES = 2;
const HEADER_BYTES = 12;

const states = { empty: 0, taken: 1, ready: 2 } as const;

/** Kept before any task runs: what one of them has replaced must not get into the memory. */
const { from } = Buffer;
const { write, toString: read } = Buffer.prototype;
const { set } = Uint8Array.prototype;
const { createCachedData } = Script.prototype;
const { apply } = Reflect;
const { load: loadWord, compareExchange, store } = Atomics;
const Bytes = Uint8Array;

/** As Node wraps a CommonJS module. */
const BEFORE = '(function (exports, require, module, __filename, __dirname) { ';
const AFTER = '\n});';

/**
 * Loads the module `filename`, as `require` does. Where the memory is empty, the thread fills it when it ends by
 * itself: what it has run is compiled by then.
 */
export function load(filename: string, folder: string, memory: SharedArrayBuffer): unknown {
  const words = new Int32Array(memory, 0, HEADER_BYTES / 4);
  const isReady = loadWord(words, STATE) === states.ready;
  const text = isReady ? textIn(memory, words) : readFileSync(filename, 'latin1');
  const script = new Script(BEFORE + text + AFTER, {
    filename,
    cachedData: isReady ? codeIn(memory, words) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, folder);
  if (!isReady) process.once('exit', () => fill(memory, words, text, script));
  return module.exports;
}

/** Nothing that fails here is an error: without the memory, threads compile the code themselves. */
function fill(memory: SharedArrayBuffer, words: Int32Array, text: string, script: Script): void {
  try {
    if (loadWord(words, STATE) !== states.empty) return;
    const code: Buffer = apply(createCachedData, script, []);
    const textEnd = HEADER_BYTES + text.length;
    if (textEnd + code.length > memory.byteLength) return;
    if (compareExchange(words, STATE, states.empty, states.taken) !== states.empty) return;
    const bytes: Buffer = apply(from, Buffer, [memory]);
    apply(write, bytes, [text, HEADER_BYTES, 'latin1']);
    apply(set, new Bytes(memory), [code, textEnd]);
    words[TEXT_BYTES] = text.length;
    words[CODE_BYTES] = code.length;
    if (apply(read, bytes, ['latin1', HEADER_BYTES, textEnd]) === text) store(words, STATE, states.ready);
  } catch {}
}

function textIn(memory: SharedArrayBuffer, words: Int32Array): string {
  return Buffer.from(memory, HEADER_BYTES, words[TEXT_BYTES]).toString('latin1');
}

/** A copy: V8 reads it from memory that is not shared. */
function codeIn(memory: SharedArrayBuffer, words: Int32Array): Buffer {
  const start = HEADER_BYTES + (words[TEXT_BYTES] as number);
  return Buffer.from(new Uint8Array(memory, start, words[CODE_BYTES]));
}
