const WIDE_CHARACTER = /[^\0-\xff]/;

/** Whether a string needs two bytes for each character: one of them is beyond U+00FF. O(length) at most. */
export function needsTwoBytes(text: string): boolean {
  return WIDE_CHARACTER.test(text);
}
