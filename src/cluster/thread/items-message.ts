/** What a machine and its threads say to each other about the items of a chunk. */

/** What a thread is asked for. */
export interface ItemsCall {
  /** The function: see `ModuleDefinition`. */
  readonly url: string;
  readonly base: string;
  readonly path: readonly string[];
  readonly name: string;
  /** Of items. */
  readonly count: number;
  /** Results are wanted as texts, of which a batch makes lines. */
  readonly texts: boolean;
  /** No item begins after this time, in ms; but one does. */
  readonly budget: number;
  /** Most bytes of one result; and about as many characters of all. */
  readonly maxPayload: number;
}

/** What became of the first items. */
export interface ItemsRun {
  /** Those that have run; -1: what was given is no list of so many items. */
  readonly count: number;
  readonly failures: number;
  readonly ms: number;
  /** See `OutcomeWriter`. */
  readonly outcomes: string;
}

/** In the shared memory: the index of the item that runs, and whether no other is to begin. */
export const RUNNING = 0;
export const STOP = 1;

/** The call as one line of JSON, then the items. */
export function callBytes(call: ItemsCall, items: string): Uint8Array {
  return Buffer.from(`${JSON.stringify(call)}\n${items}`);
}

export function parseCall(bytes: Uint8Array): [ItemsCall, items: string] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const end = text.indexOf('\n');
  return [JSON.parse(text.slice(0, end)), text.slice(end + 1)];
}

/** The figures on one line, then the outcomes. */
export function writeRun({ count, failures, ms, outcomes }: ItemsRun): string {
  return `${count} ${failures} ${ms}\n${outcomes}`;
}

export function parseRun(text: string): ItemsRun {
  const end = text.indexOf('\n');
  const [count, failures, ms] = text.slice(0, end).split(' ').map(Number) as [number, number, number];
  return { count, failures, ms, outcomes: text.slice(end + 1) };
}
