/** Writes finished parts to the output, the file of failed items, and the journal. */
import type { LineEnds } from './input/line-ends.js';
import { nameOf } from './input/source.js';
import type { Journal } from './journal/journal.js';
import type { BatchSettings } from './options.js';
import type { Sink } from './output/sink.js';
import type { Failure, Part, Work } from './work.js';

/** Which item has failed, and why. */
export interface FirstFailure {
  /** Its input, where there are several. */
  readonly file?: string;
  /** Number of its line, from 1. */
  readonly line: number;
  readonly name: string;
  readonly message: string;
}

export class Results {
  readonly #settings: BatchSettings;
  readonly #work: Work;
  readonly #ends: LineEnds;
  readonly #output: Sink;
  readonly #errors: Sink | undefined;
  readonly #journal: Journal | undefined;
  #outputSize: number;
  #errorsSize: number;
  #firstFailure: FirstFailure | undefined;

  constructor(
    settings: BatchSettings,
    work: Work,
    ends: LineEnds,
    sinks: { output: Sink; errors: Sink | undefined },
    journal: Journal | undefined,
  ) {
    this.#settings = settings;
    this.#work = work;
    this.#ends = ends;
    this.#output = sinks.output;
    this.#errors = sinks.errors;
    this.#journal = journal;
    this.#outputSize = sinks.output.base;
    this.#errorsSize = sinks.errors?.base ?? 0;
  }

  /** Also of a part whose turn has not come when a batch is halted. */
  get firstFailure(): FirstFailure | undefined {
    if (this.#firstFailure !== undefined) return this.#firstFailure;
    for (let part = this.#work.first; part !== undefined; part = part.next) {
      if (part.state === 'done' && part.done.failures.length > 0)
        return this.#firstFailureOf(part, this.#lineOf(part));
    }
    return undefined;
  }

  /** Writes all parts whose turn it is. @returns bytes released from memory */
  write(): number {
    let released = 0;
    for (let part = this.#work.first; part !== undefined; part = part.next) {
      if (part.state === 'written') continue;
      if (part.state === 'done') {
        released += part.done.output.length;
        this.#writePart(part);
      } else if (this.#settings.ordered) break;
    }
    this.#forgetWritten();
    return released;
  }

  #writePart(part: Part): void {
    const { output, failures, items } = part.done;
    this.#output.writer.write(output);
    this.#outputSize += output.length;
    part.become('written');
    const isFirstFailure = failures.length > 0 && this.#firstFailure === undefined;
    const tellsFailures = failures.length > 0 && this.#errors !== undefined;
    if (this.#journal === undefined && !tellsFailures && !isFirstFailure) return;
    const first = this.#lineOf(part);
    const { source } = part.range;
    const file = this.#fileOf(part);
    if (isFirstFailure) this.#firstFailure = this.#firstFailureOf(part, first);
    if (failures.length > 0 && this.#errors !== undefined) {
      const records = failures.map(({ line, from, item, name, message, stack }) =>
        JSON.stringify({ ...file, line: first + line, offset: from, item, name, message, stack }),
      );
      const bytes = Buffer.from(`${records.join('\n')}\n`);
      this.#errors.writer.write(bytes);
      this.#errorsSize += bytes.length;
    }
    this.#journal?.add({
      range: this.#rangeOf(part, first),
      items,
      failed: failures.map(({ line, from, to, name, message }) => ({
        source,
        from,
        to,
        line: first + line,
        name,
        message,
      })),
      output: this.#outputSize,
      errors: this.#errorsSize,
    });
  }

  #firstFailureOf(part: Part, first: number): FirstFailure {
    const { line, name, message } = part.done.failures[0] as Failure;
    return { ...this.#fileOf(part), line: first + line, name, message };
  }

  #fileOf(part: Part): { file?: string } {
    const { inputs } = this.#settings;
    return inputs.length > 1 ? { file: nameOf(inputs[part.range.source] as string) } : {};
  }

  /** The first part of an input includes its byte order mark or header. */
  #rangeOf(part: Part, first: number) {
    const { source } = part.range;
    const lines = part.lines as number;
    if (!part.isFirst) return { source, from: part.from, to: part.to, line: first, lines };
    return { source, from: 0, to: part.to, line: 1, lines: lines + first - 1 };
  }

  /** Number of the part's first line. Counts the lines of earlier parts that have not run yet. */
  #lineOf(part: Part): number {
    let line = part.range.line;
    for (let each = this.#work.first; each !== part && each !== undefined; each = each.next) {
      if (each.range !== part.range) continue;
      each.lines ??= this.#ends.count(each.bytes);
      line += each.lines;
    }
    return line;
  }

  /** Drops written parts at the beginning, and joins later ones to keep the list short. */
  #forgetWritten(): void {
    for (let first = this.#work.first; first?.state === 'written'; first = this.#work.first) {
      first.range.line += first.lines as number;
      this.#work.remove(first);
    }
    let part = this.#work.first;
    while (part !== undefined) {
      const { next }: Part = part;
      const isPair = part.state === 'written' && next?.state === 'written' && next.range === part.range;
      if (isPair && next !== undefined) {
        next.lines = (next.lines as number) + (part.lines as number);
        this.#work.remove(part);
      }
      part = next;
    }
  }
}
