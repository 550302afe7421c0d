/** For messages about names that were mistyped. */

/** Two slips; in short names one, or anything would be near anything. */
const MOST_EDITS = 2;

/**
 * The name that was most likely meant: the one that fewest edits lead to, upper and lower case being the same.
 * `undefined` where none is near.
 */
export function nearest(given: string, names: readonly string[]): string | undefined {
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

/** How many letters must be changed, added or left out (Levenshtein 1965). */
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
