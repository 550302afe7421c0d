/** The length of a text in bytes, if that is more than may be sent. */
export function excessOf(text: string, maxPayload: number): number | undefined {
  // A character of UTF-16 takes up to 3 bytes.
  if (text.length * 3 <= maxPayload) return undefined;
  const bytes = Buffer.byteLength(text);
  return bytes > maxPayload ? bytes : undefined;
}
