/**
 * The messages between the main thread and a worker, for all that does not fit a slot of the window. Used by both
 * sides. Whatever the messages say, the slots alone decide order and ownership.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { Failure } from '../errors/failure.js';

/**
 * What a task is, as it travels to a worker: once, ahead of its first use; after that its id does.
 */
export type TaskDefinition = InlineDefinition | ModuleDefinition;

/** A function sent as source text. */
export interface InlineDefinition {
  readonly kind: 'inline';
  readonly id: number;
  /** For messages: the function's name, or `(anonymous)`. */
  readonly name: string;
  /** An expression that evaluates to the function. */
  readonly source: string;
  /** File URL from which `require` and `import()` inside the function resolve: the program's entry file. */
  readonly base: string;
  /** The function is of non-strict code. */
  readonly sloppy: boolean;
  /** Names of compilers' helpers that it uses and the worker supplies, as in `__name`. */
  readonly helpers: readonly string[];
}

/** Where a module is. */
export interface ModuleAddress {
  /** For messages. */
  readonly name: string;
  /** What to `import()`: a URL, or a package's name with or without a subpath. */
  readonly url: string;
  /** File URL from which a package's name is resolved: the program's entry file. */
  readonly base: string;
}

/** An export of a module; its name is the last part of the url, `#`, the export's path. */
export interface ModuleDefinition extends ModuleAddress {
  readonly kind: 'module';
  readonly id: number;
  /** The way to the function from the module's namespace, as in `['image', 'resize']`. */
  readonly path: readonly string[];
}

/** Values of a stream that may be on the way before the caller has taken the first. */
export const FIRST_CREDIT = 16;

/** The way from the whole message to a part of it. */
export type Path = readonly string[];

/** Where the thread is to put an AbortSignal. */
export interface SignalPlace {
  readonly paths: readonly Path[];
  /** It has been aborted already, for this reason. */
  readonly reason: Failure | undefined;
}

/** From the main thread to a worker. */
export type ToWorker =
  | { readonly type: 'ring' }
  | { readonly type: 'define'; readonly definition: TaskDefinition }
  | { readonly type: 'forget'; readonly ids: readonly number[] }
  | { readonly type: 'share'; readonly number: number; readonly buffer: SharedArrayBuffer }
  | { readonly type: 'unshare'; readonly numbers: readonly number[] }
  | { readonly type: 'drop'; readonly sendings: readonly number[] }
  | { readonly type: 'abort'; readonly id: number; readonly reason: Failure }
  | {
      readonly type: 'signal';
      readonly sending: number;
      /** Which of that message's signals is aborted. */
      readonly index: number;
      readonly reason: Failure;
    }
  | { readonly type: 'credit'; readonly id: number; readonly values: number }
  | { readonly type: 'return'; readonly id: number }
  | { readonly type: 'ping' }
  | { readonly type: 'call' }
  | { readonly type: 'retire' };

/**
 * The arguments of a request whose slot says `byMessage`. Sent before the slot is posted, through a port of their own: see
 * `workers/input/arguments.ts`. So an order among them and the messages `ToWorker` does not exist.
 */
export interface ArgumentsMessage {
  readonly id: number;
  /** Number of this message within its worker, counted from 1, which the slot carries, too. */
  readonly sending: number;
  readonly values: readonly unknown[];
  /** Those views in it that were Buffers: structured clone makes Uint8Arrays of them. */
  readonly buffers: readonly ArrayBufferView[] | undefined;
  /** Where the thread is to put AbortSignals. */
  readonly signals: readonly SignalPlace[] | undefined;
  /** The value of the `context` option. */
  readonly context: unknown;
  /** What of them was transferred: it exists in the thread only, and is sent back if that ends before it starts them. */
  readonly transferred: readonly Transferable[] | undefined;
}

/** From a worker to the main thread. */
export type ToMain =
  | { readonly type: 'wake' }
  | { readonly type: 'ready' }
  /** What is to be preloaded does not load. */
  | { readonly type: 'unready'; readonly reason: Failure }
  /** The answer to `call`. */
  | { readonly type: 'here' }
  | ResultMessage
  | { readonly type: 'returned'; readonly arguments: ArgumentsMessage }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array | string }
  | {
      readonly type: 'progress' | 'yielded';
      readonly id: number;
      readonly value: unknown;
      readonly buffers: readonly ArrayBufferView[] | undefined;
    };

/** The result, or Failure, of a request whose completion slot says `byMessage`. Sent before that is published. */
export interface ResultMessage {
  readonly type: 'result';
  readonly id: number;
  readonly value: unknown;
  readonly failure: Failure | undefined;
  /** Those views in the value that were Buffers. */
  readonly buffers: readonly ArrayBufferView[] | undefined;
}

/** What a thread is started with. */
export interface WorkerInit {
  readonly port: MessagePort;
  /** For arguments alone. */
  readonly argumentsPort: MessagePort;
  readonly window: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  readonly capacity: number;
  /** How long a worker may spin for the next request, in ms. */
  readonly spin: number;
  /** Who spins, of all workers of the Balancer; and who this one is. */
  readonly spinners: SharedArrayBuffer;
  readonly id: number;
  /** Modules to load before the worker says that it is ready. */
  readonly preload: readonly ModuleAddress[];
  /** It may say that it is ready as soon as requests could be sent to it. */
  readonly isAwaited: boolean;
  /** Whether the worker notes the size of its heap. */
  readonly watchHeap: boolean;
}
