/**
 * The tasks of a Balancer: for each function or handle that is submitted, its id, name and definition.
 *
 * Functions are recognised by identity, and by their text, since an arrow in a loop is a new function each
 * time. So each is analysed, sent and compiled only once.
 */

import { InvalidOptionError, NotAFunctionError } from '../errors/errors.js';
import { callerPlace } from '../errors/origin.js';
import type { Account } from '../ledger/account.js';
import { Ledger } from '../ledger/ledger.js';
import type { TaskDefinition } from '../protocol/messages.js';
import { entryUrl } from './entry-url.js';
import { type TaskTarget, targetName, targetOf } from './handles.js';
import { analyzeFunction, sourceKey } from './source/analyze.js';
import { BoundedMap } from './source/bounded-map.js';
import { shortName } from './source/name.js';
import { reserveParser } from './source/parser.js';

/** Deaths in a row from which on a task's requests are held back behind those of others. */
export const SUSPECT_FROM = 2;

/** Number of runs over which a task's mean run time is smoothed. */
const MEAN_RUNS = 64;

/** A task of one Balancer. */
export class TaskRef {
  /** Unique within the Balancer, from 1. */
  readonly id: number;
  /** For messages: the function's name, or `file.js#export`. */
  readonly name: string;
  readonly definition: TaskDefinition;
  /**
   * Whether it is a generator or async generator. False for a module's export, of which only the worker knows
   * it.
   */
  readonly streams: boolean;
  /** The books of its Balancer. */
  readonly ledger: Ledger;
  /** What they have of this task. */
  readonly account: Account;
  /** Mean run time as reported by the workers, in ms; NaN before the first report. */
  mean = Number.NaN;
  /** Number of runs in `mean`. */
  runs = 0;
  /**
   * How many threads in a row have died running it, or had to be ended, without a run that was completed in
   * between.
   */
  kills = 0;
  /** Of an inline function: where it was first submitted, as `file:line:column`, if that is known. */
  readonly place: string | undefined;

  constructor(definition: TaskDefinition, streams: boolean, ledger = new Ledger(), place?: string) {
    this.place = place;
    this.id = definition.id;
    this.name = definition.name;
    this.definition = definition;
    this.streams = streams;
    this.ledger = ledger;
    this.account = ledger.accountOf(this.name);
  }

  /** Takes a run into the mean. @param runTime in ms */
  ran(runTime: number): void {
    const runs = this.runs + 1;
    this.runs = runs;
    if (this.kills !== 0) this.kills = 0;
    this.mean = runs === 1 ? runTime : this.mean + (runTime - this.mean) / Math.min(runs, MEAN_RUNS);
  }

  /** Takes several runs into the mean. @param runTime of one, on average; in ms */
  ranOften(runTime: number, runs: number): void {
    this.runs += runs;
    this.kills = 0;
    const weight = Math.min(1, runs / Math.min(this.runs, MEAN_RUNS));
    this.mean = this.runs === runs ? runTime : this.mean + (runTime - this.mean) * weight;
  }
}

/**
 * Texts and exports that are remembered. Functions themselves are remembered for as long as the program
 * refers to them.
 */
const DEFAULT_LIMIT = 1_000;

/** Functions whose place is looked for: a program that makes ever new ones must not become slower by that. */
const MOST_PLACES = 1_000;

/** Bytes of remembered texts, about. */
const MOST_BYTES = 16 * 2 ** 20;

/** The tasks of one Balancer. */
export class TaskRegistry {
  readonly #inline: boolean;
  readonly #ledger: Ledger;
  readonly #byIdentity = new WeakMap<object, TaskRef>();
  /** Functions by their text, exports by url and path. */
  readonly #byKey: BoundedMap<string, TaskRef>;
  #lastTask: unknown = TaskRegistry;
  #lastRef: TaskRef | undefined;
  #lastId = 0;
  #placesLeft = MOST_PLACES;

  /**
   * @param options `inline`: whether functions may be sent as source; `ledger`: the books of the Balancer
   * @param limit tasks remembered by text, or by
   *   url and path, > 0
   */
  constructor(
    { inline, ledger = new Ledger() }: { inline: boolean; ledger?: Ledger },
    limit = DEFAULT_LIMIT,
  ) {
    this.#inline = inline;
    this.#ledger = ledger;
    if (inline) reserveParser();
    this.#byKey = new BoundedMap({
      entries: limit,
      bytes: MOST_BYTES,
      sizeOf: (key, { definition }) =>
        2 * (key.length + (definition.kind === 'inline' ? definition.source.length : 0)),
    });
  }

  /**
   * Finds or creates the task for a function or handle.
   *
   * Measured (Node 20, 2-core machine): 2 ns for the same function as the last time, 15 ns for one of
   * several, 0.3 µs for a short arrow that is created each time.
   * @throws NotAFunctionError it is not a function, or cannot be sent, or inline functions are off
   * @throws CapturedVariableError it uses variables of its surroundings
   */
  resolve(task: unknown): TaskRef {
    if (task === this.#lastTask) return this.#lastRef as TaskRef;
    const ref = this.#byIdentity.get(task as object) ?? this.#find(task);
    this.#lastTask = task;
    this.#lastRef = ref;
    return ref;
  }

  #find(task: unknown): TaskRef {
    if (typeof task !== 'function') throw new NotAFunctionError(notAFunctionMessage(task));
    const target = targetOf(task);
    return target === undefined ? this.#findInline(task as () => unknown) : this.#findExport(target, task);
  }

  #findInline(fn: () => unknown): TaskRef {
    if (!this.#inline) {
      throw new NotAFunctionError(
        `'${shortName(fn)}' is an inline function, and these are off (inline: false): use tasks(new URL('./module.js', import.meta.url))`,
      );
    }
    const key = sourceKey(fn);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { name, source, sloppy, helpers, generator } = analyzeFunction(fn, key);
    refuseWithoutCodeGeneration(name);
    const id = ++this.#lastId;
    const place = this.#placesLeft-- > 0 ? callerPlace() : undefined;
    const ref = new TaskRef(
      { kind: 'inline', id, name, source, base: entryUrl(), sloppy, helpers },
      generator,
      this.#ledger,
      place,
    );
    this.#byKey.set(key, ref);
    // Only for new texts: an arrow that is created each time is never looked up again, and this entry costs
    // the most.
    this.#byIdentity.set(fn, ref);
    return ref;
  }

  #findExport(target: TaskTarget, handle: object): TaskRef {
    if (target.path.length === 0) {
      throw new NotAFunctionError(
        `tasks('${target.url}') is the whole module: pass one of its functions, as in tasks(url).name, or tasks(url).default`,
      );
    }
    // Unambiguous, since no URL contains a newline.
    const name = targetName(target);
    const key = `export\n${target.url}\n${target.base}\n${JSON.stringify(target.path)}\n${name}`;
    let ref = this.#byKey.get(key);
    if (ref === undefined) {
      const { url, path, base } = target;
      const id = ++this.#lastId;
      ref = new TaskRef({ kind: 'module', id, name, url, path, base }, false, this.#ledger);
      this.#byKey.set(key, ref);
    }
    this.#byIdentity.set(handle, ref);
    return ref;
  }
}

function notAFunctionMessage(task: unknown): string {
  return `the task is not a function but ${typeName(task)}${hintFor(task)}`;
}

function typeName(task: unknown): string {
  if (task === null || task === undefined) return String(task);
  if (Array.isArray(task)) return 'an array';
  return typeof task === 'object' ? 'an object' : `a ${typeof task}`;
}

function hintFor(task: unknown): string {
  if (typeof task === 'string') return '; for a function of a module use tasks(url).name';
  if (task instanceof Promise) return ' (a Promise): pass the function, not the result of calling it';
  const hint =
    '; pass the function itself, not the result of calling it, and its arguments as a list: submit(fn, [1, 2])';
  // Importing a module that exports `then` treats it as a promise.
  return task === undefined
    ? `${hint} (tasks(url).then is undefined, too: export that function under another name)`
    : hint;
}

let codeGeneration: boolean | undefined;

/**
 * Inline functions are evaluated from source. Node has a flag that forbids it, and threads inherit the flag.
 */
function refuseWithoutCodeGeneration(name: string): void {
  if (codeGeneration === undefined) {
    try {
      new Function('');
      codeGeneration = true;
    } catch {
      codeGeneration = false;
    }
  }
  if (codeGeneration) return;
  throw new InvalidOptionError(
    'submit(task)',
    `the inline function '${name}' under --disallow-code-generation-from-strings`,
    "a module's export: tasks(new URL('./module.js', import.meta.url))",
  );
}
