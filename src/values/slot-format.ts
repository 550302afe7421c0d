/**
 * The payload of a slot: up to six values, each a number, boolean, null, undefined, 64-bit bigint, short
 * string, small byte array or small plain object; or a reference to shared memory (the thread knows the
 * buffer by a number) or to a larger byte array or string in the arena.
 * Or all of them are in the arena, as plain data (`tree-format.ts`). All other values go by message, and
 * the kind says so. Used by both sides.
 *
 * `kind` is one word: 4 bits of flags (three of them mean one thing in a request, another in a completion), 3
 * bits of count, 4 bits of tag for each value, and one more flag. Values lie one after the other in the
 * payload, each in a multiple of 8 bytes; strings and byte arrays begin with their length in 4 bytes.
 * `slot-writer.ts` and `slot-reader.ts` are the two halves.
 */

/** Flags of a kind. */
export const flags = {
  /** The values came, or come, by message. */
  byMessage: 1,
  /** A request: it has a deadline. See `protocol/slot-times.ts`. */
  expires: 2,
  /** A completion: messages were sent during the run, to be received before the request settles. */
  hasSent: 2,
  /** A request: the task's result is iterated, and each value sent by message. */
  streams: 4,
  /** A completion: the request was not run, since its deadline was over. */
  expired: 4,
  /**
   * A request: its only value is a `ChunkPayload`. The value of its completion counts the items that failed.
   */
  chunk: 8,
  /** A completion: the thread has counted its times. See `protocol/tally.ts`. */
  counted: 8,
  /** A request: its times may be counted, and when it was submitted is in `Window.submitTimes`. */
  timed: 1 << 31,
} as const;

/** What a value is written as. */
export const tags = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  latin1: 5,
  utf16: 6,
  bytes: 7,
  buffer: 8,
  bigint: 9,
  json: 10,
  wideJson: 11,
  int32: 12,
  shared: 13,
  inArena: 14,
  /** As the only tag: all values are plain data, as bytes in the arena; see `tree-format.ts`. */
  tree: 15,
} as const;

export const COUNT_SHIFT = 4;
export const TAG_SHIFT = 7;
export const TAG_BITS = 4;
export const MAX_VALUES = 6;

/** Tags of values that all take the same few bytes, as bits. */
const FIXED =
  (1 << tags.undefined) |
  (1 << tags.null) |
  (1 << tags.true) |
  (1 << tags.false) |
  (1 << tags.number) |
  (1 << tags.bigint) |
  (1 << tags.int32);

/** Whether it depends on the first value how many bytes it takes. */
export function isSized(kind: number): boolean {
  return ((FIXED >> ((kind >>> TAG_SHIFT) & 15)) & 1) === 0;
}

/** The slot's payload begins this many words after its header's start. */
export const PAYLOAD_OFFSET = 4;

/** What is in the arena. */
export const stored = { bytes: 0, buffer: 1, latin1: 2, utf16: 3 } as const;

/** Offset, length in bytes, and which of these. */
export const IN_ARENA_BYTES = 16;
