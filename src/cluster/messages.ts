/**
 * What goes through the engine. All of it may have been written by anybody, so the reader looks at each
 * field.
 */
import { MalformedMessageError } from './errors.js';
import { hasTags } from './values/decode.js';

/**
 * The form below. Machines and submitters of one cluster may be of different versions while it is upgraded.
 */
export const VERSION = 1;

/**
 * The data of a job. Its name is that of the task, as in `hash/sha256`; its queue that of the module.
 * Values are texts of `values/encode.ts`.
 */
export interface JobData {
  readonly v: typeof VERSION;
  /** The submitter, to whose mailbox the reply goes. */
  readonly from: string;
  /** The name of the job, too, which another program may change. */
  readonly task?: string;
  /** The arguments; of a chunk, its items. */
  readonly args: string;
  /** It is a chunk of so many items: the task runs once for each. */
  readonly chunk?: number;
  /** Of a chunk: results are wanted as texts, of which a batch makes lines. */
  readonly texts?: true;
  /** Longest run of the task, in ms; absent: none. */
  readonly timeout?: number;
  /** Further runs after losses: an integer ≥ 0, or `null` without end. */
  readonly retries: number | null;
  /** Further runs after the death of a thread; absent: what is left of `retries`. */
  readonly threadRetries?: number | null;
  /** Losses that its submitter knows of: of earlier jobs with the same request. */
  readonly losses?: number;
  /** For the task's `context.value`. */
  readonly context?: string;
  /** Nobody waits for it any more: who is given it throws it away. */
  readonly cancelled?: true;
}

/** To a submitter. */
export type Reply =
  | { readonly t: 'value'; readonly id: string; readonly value: string }
  | { readonly t: 'error'; readonly id: string; readonly error: string }
  | ChunkReply
  /** Its machine was lost too often. */
  | { readonly t: 'lost'; readonly id: string; readonly losses: number }
  | { readonly t: 'too-large'; readonly id: string; readonly bytes: number; readonly maxPayload: number };

/** Outcomes of a chunk. Where they are long, they come in several replies. */
export interface ChunkReply {
  readonly t: 'chunk';
  readonly id: string;
  /** Index of the first one. */
  readonly at: number;
  /** See `values/outcomes.ts`; of those that are missing at the end, each is `undefined`. */
  readonly outcomes: unknown[];
  readonly count: number;
  /** Whether there are tags in any of them. */
  readonly hasTags: boolean;
  /** Characters. */
  readonly length: number;
  /** Nothing follows. */
  readonly done: boolean;
  /** Run time of the whole chunk, in ms. */
  readonly ms: number;
}

/** To a machine: it is to stop the run of a job. */
export interface Cancel {
  readonly t: 'cancel';
  readonly id: string;
}

/** To oneself: what was sent before has been read when it comes. */
export interface Sync {
  readonly t: 'sync';
  readonly id: string;
}

export type Mail = Reply | Cancel | Sync;

/**
 * @param name of the job
 * @throws MalformedMessageError
 */
export function parseJobData(data: unknown, name: string): JobData {
  const { v, from, task, args, chunk, texts, timeout, retries, threadRetries, losses, context, cancelled } =
    recordOf(data, 'the job');
  if (v !== VERSION) throw new MalformedMessageError(`the job is of version ${String(v)}, not ${VERSION}`);
  if (typeof from !== 'string' || !isId(from)) throw wrong('from');
  if (task !== undefined && task !== name)
    throw new MalformedMessageError(`the job is called '${name}', and was sent as '${String(task)}'`);
  if (typeof args !== 'string') throw wrong('args');
  if (chunk !== undefined && !isCount(chunk)) throw wrong('chunk');
  if (texts !== undefined && texts !== true) throw wrong('texts');
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0)) throw wrong('timeout');
  if (retries !== null && !isCount(retries)) throw wrong('retries');
  if (threadRetries !== undefined && threadRetries !== null && !isCount(threadRetries))
    throw wrong('threadRetries');
  if (losses !== undefined && !isCount(losses)) throw wrong('losses');
  if (context !== undefined && typeof context !== 'string') throw wrong('context');
  if (cancelled !== undefined && cancelled !== true) throw wrong('cancelled');
  return {
    v,
    from,
    args,
    chunk,
    texts,
    timeout,
    retries,
    threadRetries,
    losses,
    context,
    cancelled,
  };
}

/** @throws MalformedMessageError */
export function parseMail(text: string): Mail {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new MalformedMessageError('the message is not JSON', { cause });
  }
  const mail = recordOf(parsed, 'the message');
  const { t, id } = mail;
  if (typeof id !== 'string') throw wrong('id');
  switch (t) {
    case 'value':
      if (typeof mail.value === 'string') return { t, id, value: mail.value };
      break;
    case 'error':
      if (typeof mail.error === 'string') return { t, id, error: mail.error };
      break;
    case 'chunk':
      return parseChunk(t, id, mail, text);
    case 'lost':
      if (isCount(mail.losses)) return { t, id, losses: mail.losses };
      break;
    case 'too-large':
      if (isCount(mail.bytes) && isCount(mail.maxPayload))
        return { t, id, bytes: mail.bytes, maxPayload: mail.maxPayload };
      break;
    case 'cancel':
    case 'sync':
      return { t, id };
  }
  throw new MalformedMessageError(`the message '${String(t)}' is not known, or not complete`);
}

/**
 * The text of a `ChunkReply`.
 * @param outcomes the inside of their list; empty: all of them are `undefined`
 */
export function chunkReply({
  outcomes,
  count,
  ...reply
}: Pick<ChunkReply, 'id' | 'at' | 'done' | 'ms'> & {
  readonly count: number;
  readonly outcomes: string;
}): string {
  const head = JSON.stringify({ t: 'chunk', ...reply });
  return `${head.slice(0, -1)},${outcomes === '' ? `"void":${count}` : `"outcomes":[${outcomes}]`}}`;
}

function parseChunk(
  t: 'chunk',
  id: string,
  mail: Readonly<Record<string, unknown>>,
  text: string,
): ChunkReply {
  const { at, outcomes, done, ms, void: count } = mail;
  if (!isCount(at)) throw wrong('at');
  const isVoid = outcomes === undefined && isCount(count);
  const list = isVoid ? [] : outcomes;
  if (!Array.isArray(list)) throw wrong('outcomes');
  if (typeof done !== 'boolean') throw wrong('done');
  if (typeof ms !== 'number') throw wrong('ms');
  return {
    t,
    id,
    at,
    outcomes: list,
    count: isVoid ? count : list.length,
    hasTags: hasTags(text),
    length: text.length,
    done,
    ms,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Of a submitter or machine: it becomes part of a key of the engine. */
export function isId(value: string): boolean {
  return /^[\w.-]{1,200}$/.test(value);
}

/** Only what was written counts, and nothing that `Object.prototype` has. */
function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.assign(Object.create(null) as object, value) as Record<string, unknown>;
  throw new MalformedMessageError(`${what} is not of the form that leastwork writes`);
}

function wrong(field: string): MalformedMessageError {
  return new MalformedMessageError(`'${field}' is missing or wrong: it was not written by leastwork`);
}
