/** Suggestions for mistyped names. */

/** Two slips; one in short names, or any would be close to any other. */
const MOST_EDITS = 2;

/**
 * The name that was most likely meant: the one with the fewest edits, ignoring case; `undefined` if none is
 * close.
 */
export function didYouMean(given: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.min(MOST_EDITS, Math.floor(given.length / 2)) + 1;
  for (const name of names) {
    const needed = edits(name.toLowerCase(), given.toLowerCase());
    if (needed >= fewest) continue;
    fewest = needed;
    best = name;
  }
  return best;
}

/** Levenshtein distance: letters to be changed, added or left out. O(from × to). */
function edits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (previous[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(change, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[to.length] as number;
}
