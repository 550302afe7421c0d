/** The events of which there may be many, written without making a string. */
import { quoted } from './event.js';
import { bytesOf, putMicros, putNumber, putText, putTime } from './text.js';
import type { TraceFile } from './trace-file.js';

/** How many names of tasks are kept as bytes. */
const MOST_NAMES = 10_000;

const DURATION = bytesOf(',"dur":');
// `cname`: one of the colours of chrome://tracing. Perfetto has its own.
const BAD_ARGS = bytesOf(',"cname":"terrible","args":{"id":');
const ARGS = bytesOf(',"args":{"id":');
const WAIT = bytesOf(',"wait_us":');
const ITEMS = bytesOf(',"items":');
const FAILED = bytesOf(',"failed":');
const END = bytesOf('}}');
const TIME = bytesOf(',"ts":');
const SHORT_ARGS = bytesOf(',"dur":1,"args":{"id":');
const TRACK = bytesOf(',"tid":');
const BRACE = 125;

/** A run that is over. Times in tenths of a µs. */
export interface Run {
  readonly begin: number;
  readonly end: number;
  readonly id: number;
  /** In µs. */
  readonly wait: number;
  /** How many items it was; 0: it was no chunk. */
  readonly items: number;
  readonly failed: number;
}

interface Heads {
  readonly run: Uint8Array;
  readonly submit: Uint8Array;
}

export class EventWriter {
  readonly #file: TraceFile;
  readonly #pid: number;
  /** The events of a task up to what differs, by the task's id. */
  readonly #heads = new Map<number, Heads>();
  readonly #tail: Uint8Array;
  readonly #head: Uint8Array;
  readonly #submitTrack: Uint8Array;

  /** @param submitTrack the track of what was submitted */
  constructor(file: TraceFile, pid: number, submitTrack: number) {
    this.#file = file;
    this.#pid = pid;
    this.#tail = bytesOf('{"name":"wait","cat":"wait","ph":"s","id":');
    this.#head = bytesOf(`{"name":"wait","cat":"wait","ph":"f","bp":"e","pid":${pid},"id":`);
    this.#submitTrack = bytesOf(`,"pid":${pid},"tid":${submitTrack},"ts":`);
  }

  /** The slice of a run. */
  run(task: { readonly id: number; readonly name: string }, track: number, run: Run): void {
    const file = this.#file;
    const { bytes } = file;
    let at = file.next();
    at = putText(bytes, at, (this.#heads.get(task.id) ?? this.#headsOf(task.id, task.name)).run);
    at = putNumber(bytes, at, track);
    at = putText(bytes, at, TIME);
    at = putTime(bytes, at, run.begin);
    at = putText(bytes, at, DURATION);
    at = putMicros(bytes, at, run.end - run.begin);
    at = putText(bytes, at, run.failed > 0 ? BAD_ARGS : ARGS);
    at = putNumber(bytes, at, run.id);
    at = putText(bytes, at, WAIT);
    at = putNumber(bytes, at, run.wait);
    if (run.items > 0) at = putNumber(bytes, putText(bytes, at, ITEMS), run.items);
    if (run.failed > 0) at = putNumber(bytes, putText(bytes, at, FAILED), run.failed);
    file.end(putText(bytes, at, END));
  }

  /** The slice of what was submitted, and the beginning of its arrow. An arrow begins in a slice. */
  submitted(
    task: { readonly id: number; readonly name: string },
    id: number,
    arrow: number,
    at: number,
  ): void {
    const file = this.#file;
    const { bytes } = file;
    let end = file.next();
    end = putText(bytes, end, (this.#heads.get(task.id) ?? this.#headsOf(task.id, task.name)).submit);
    end = putTime(bytes, end, at);
    end = putText(bytes, end, SHORT_ARGS);
    end = putNumber(bytes, end, id);
    file.end(putText(bytes, end, END));
    end = file.next();
    end = putText(bytes, end, this.#tail);
    end = putNumber(bytes, end, arrow);
    end = putText(bytes, end, this.#submitTrack);
    end = putTime(bytes, end, at);
    bytes[end] = BRACE;
    file.end(end + 1);
  }

  /** The end of an arrow: it lies in the slice of the run. */
  arrowHead(arrow: number, track: number, at: number): void {
    const file = this.#file;
    const { bytes } = file;
    let end = file.next();
    end = putText(bytes, end, this.#head);
    end = putNumber(bytes, end, arrow);
    end = putText(bytes, end, TRACK);
    end = putNumber(bytes, end, track);
    end = putText(bytes, end, TIME);
    end = putTime(bytes, end, at);
    bytes[end] = BRACE;
    file.end(end + 1);
  }

  #headsOf(id: number, name: string): Heads {
    if (this.#heads.size >= MOST_NAMES) this.#heads.clear();
    const task = quoted(name);
    const heads = {
      run: bytesOf(`{"name":${task},"cat":"run","ph":"X","pid":${this.#pid},"tid":`),
      submit: Buffer.concat([bytesOf(`{"name":${task},"cat":"submit","ph":"X"`), this.#submitTrack]),
    };
    this.#heads.set(id, heads);
    return heads;
  }
}
