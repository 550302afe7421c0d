// Runs in the threads.

/** How often each word is in the text. */
exports.countWords = (text) => {
  const counts = {};
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};
