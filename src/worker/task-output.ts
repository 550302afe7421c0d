/**
 * What tasks of one thread print: goes to the process's own output, and is given out line by line, with the
 * request that has printed it, where somebody listens. The end of what went to stderr is kept, for the case
 * that the thread dies.
 */
import { StringDecoder } from 'node:string_decoder';
import type { FlowControl } from '../protocol/flow-control.js';
import type { Request } from '../requests/request.js';
import type { InFlight } from './in-flight.js';
import { passOn } from './process-output.js';

/** A line that a thread has printed. */
export interface OutputLine {
  /** Id of the worker. */
  readonly worker: number;
  /**
   * Id of the request; of an item of a `map`, its own. `undefined`: none was running, as in a module that is
   * being preloaded.
   */
  readonly request: number | undefined;
  /** Name of its task. */
  readonly task: string | undefined;
  readonly stream: 'stdout' | 'stderr';
  /** Without the line break. What is printed without one is a line when its request is over. */
  readonly line: string;
}

/** Where output goes. */
export interface OutputSink {
  /** Whether it goes to the process's own output. */
  readonly isInherited: boolean;
  /** Whether anybody wants its lines. */
  readonly isHeard: () => boolean;
  readonly line: (line: OutputLine) => void;
}

/** Of stderr so much is kept: bytes, and lines of them. */
const MOST_BYTES = 8_192;
const MOST_LINES = 20;

/** A line that is not complete. */
interface OpenLine {
  readonly request: number;
  readonly task: string | undefined;
  readonly decoder: StringDecoder;
  text: string;
}

export class TaskOutput {
  readonly #worker: number;
  readonly #inFlight: InFlight;
  readonly #sink: OutputSink;
  readonly #flow: FlowControl;
  readonly #open: { stdout: OpenLine | undefined; stderr: OpenLine | undefined } = {
    stdout: undefined,
    stderr: undefined,
  };
  #tail: Uint8Array[] = [];
  #tailBytes = 0;

  constructor(worker: number, inFlight: InFlight, sink: OutputSink, flow: FlowControl) {
    this.#worker = worker;
    this.#inFlight = inFlight;
    this.#sink = sink;
    this.#flow = flow;
  }

  /** The last lines of stderr. */
  get lastLines(): string {
    const text = Buffer.concat(this.#tail).toString();
    const lines = text.replace(/\r?\n$/, '').split('\n');
    const isCut = this.#tailBytes > MOST_BYTES || lines.length > MOST_LINES;
    return (isCut ? lines.slice(1) : lines).slice(-MOST_LINES).join('\n');
  }

  /** @param id of the request that was running; 0: none */
  received(stream: 'stdout' | 'stderr', chunk: Uint8Array, id: number): void {
    if (stream === 'stderr') this.#keep(chunk);
    if (this.#sink.isInherited) passOn(stream, asBuffer(chunk), this.#flow);
    if (this.#open[stream] !== undefined || this.#sink.isHeard()) this.#split(stream, chunk, id);
  }

  /** The request is over, or none will print any more. */
  over(): void {
    this.#close('stdout');
    this.#close('stderr');
  }

  #keep(chunk: Uint8Array): void {
    this.#tail.push(chunk);
    this.#tailBytes += chunk.length;
    while (this.#tail.length > 1 && this.#tailBytes - (this.#tail[0] as Uint8Array).length >= MOST_BYTES)
      this.#tailBytes -= (this.#tail.shift() as Uint8Array).length;
    if (this.#tailBytes <= 2 * MOST_BYTES) return;
    this.#tail = [(this.#tail.at(-1) as Uint8Array).slice(-MOST_BYTES - 1)];
    this.#tailBytes = MOST_BYTES + 1;
  }

  #split(stream: 'stdout' | 'stderr', chunk: Uint8Array, id: number): void {
    if (this.#open[stream]?.request !== id) this.#close(stream);
    const open = this.#open[stream] ?? {
      request: id,
      task: this.#requestOf(id)?.task.name,
      decoder: new StringDecoder(),
      text: '',
    };
    const lines = (open.text + open.decoder.write(asBuffer(chunk))).split('\n');
    open.text = lines.pop() as string;
    this.#open[stream] = open;
    for (const line of lines) this.#give(stream, open, line);
  }

  #close(stream: 'stdout' | 'stderr'): void {
    const open = this.#open[stream];
    if (open === undefined) return;
    this.#open[stream] = undefined;
    const rest = open.text + open.decoder.end();
    if (rest !== '') this.#give(stream, open, rest);
  }

  #give(stream: 'stdout' | 'stderr', { request, task }: OpenLine, line: string): void {
    const isNone = request === 0;
    this.#sink.line({
      worker: this.#worker,
      request: isNone ? undefined : request,
      task,
      stream,
      line: line.endsWith('\r') ? line.slice(0, -1) : line,
    });
  }

  /** Items of a chunk have ids of their own. */
  #requestOf(id: number): Request | undefined {
    for (const request of this.#inFlight)
      if (id >= request.id && id < request.id + request.items) return request;
    return undefined;
  }
}

/** As Node itself gives the output of its threads to `process.stdout`. */
function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
