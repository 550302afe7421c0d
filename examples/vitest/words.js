// Runs in the threads, which load it as it stands: vitest transforms only what it imports itself.

/** How often each word is in the text. */
export function countWords(text) {
  const counts = {};
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
