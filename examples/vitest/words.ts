// Runs in the threads, which load TypeScript as the tests do.

/** How often each word is in the text. */
export function countWords(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
