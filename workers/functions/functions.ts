/** The functions of this thread: task id → function, compiled or loaded once. */
import { TaskNotFoundError } from '../../src/errors/errors.js';
import type { ModuleDefinition, TaskDefinition } from '../../src/protocol/messages.js';
import { compileInline } from './inline.js';
import { loadExport } from './module.js';
import type { TaskFunction } from './task-function.js';
import { switchOnTsx } from './tsx.js';

export class Functions {
  readonly #ready = new Map<number, TaskFunction>();
  readonly #definitions = new Map<number, TaskDefinition>();
  readonly #loading = new Map<number, Promise<TaskFunction>>();
  /** The task that was used last, and its function. */
  #last = 0;
  #lastFunction: TaskFunction | undefined;

  /** Takes note of a task. It is compiled or loaded on first use. */
  define(definition: TaskDefinition): void {
    this.#definitions.set(definition.id, definition);
  }

  /** Frees the memory of tasks. They must be defined anew before they are used again. */
  forget(ids: readonly number[]): void {
    for (const id of ids) {
      this.#definitions.delete(id);
      this.#loading.delete(id);
      this.#ready.delete(id);
    }
    this.#lastFunction = undefined;
    this.#last = 0;
  }

  /** Whether the task's definition has arrived. */
  has(id: number): boolean {
    return this.#definitions.has(id) || this.#ready.has(id);
  }

  /** The function of a task, if it has been compiled or loaded; for the hot path. */
  ready(id: number): TaskFunction | undefined {
    if (id === this.#last) return this.#lastFunction;
    const found = this.#ready.get(id);
    if (found === undefined) return undefined;
    this.#last = id;
    this.#lastFunction = found;
    return found;
  }

  /**
   * The function of a task: at once if it is known or inline, else as a promise. Never throws; rejects with
   * TaskNotFoundError or NotAFunctionError. A task that failed to load is tried again next time.
   */
  get(id: number): TaskFunction | Promise<TaskFunction> {
    return this.#ready.get(id) ?? this.#loading.get(id) ?? this.#make(id);
  }

  #make(id: number): TaskFunction | Promise<TaskFunction> {
    const definition = this.#definitions.get(id);
    if (definition === undefined) {
      return Promise.reject(new TaskNotFoundError(`task ${id} is not known to this worker`));
    }
    if (definition.kind === 'module') return this.#find(definition);
    const waiting = definition.source.includes('import') ? switchOnTsx(definition.base) : undefined;
    if (waiting !== undefined)
      return this.#load(
        id,
        waiting.then(() => compileInline(definition)),
      );
    try {
      const fn = compileInline(definition);
      this.#made(id, fn);
      return fn;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #find(definition: ModuleDefinition): TaskFunction | Promise<TaskFunction> {
    try {
      const found = loadExport(definition);
      if (typeof found !== 'function') return this.#load(definition.id, found);
      this.#made(definition.id, found);
      return found;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Its definition, which may be long, is not needed any more. */
  #made(id: number, fn: TaskFunction): void {
    this.#ready.set(id, fn);
    this.#definitions.delete(id);
  }

  #load(id: number, loading: Promise<TaskFunction>): Promise<TaskFunction> {
    this.#loading.set(id, loading);
    const isCurrent = () => this.#loading.get(id) === loading;
    loading.then(
      (fn) => isCurrent() && this.#loading.delete(id) && this.#made(id, fn),
      () => isCurrent() && this.#loading.delete(id),
    );
    return loading;
  }
}
