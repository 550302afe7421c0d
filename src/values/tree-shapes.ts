/** The shapes of a tree: the keys of each kind of object in it. */

/** More kinds are no kinds: each object is then a dictionary of its own. */
const MOST_SHAPES = 32;
const MOST_KEYS = 128;

/** The writer's list. */
export class Shapes {
  #lists: (readonly string[])[] = [];
  #last = 0;
  /** The list of the tree before, and its text: trees that follow one another are mostly alike. */
  #before: readonly (readonly string[])[] = [];
  #text = '[]';

  clear(): void {
    this.#lists = [];
    this.#last = 0;
  }

  /** The number of the shape with these keys. -1: there are too many. O(keys), mostly. */
  numberOf(keys: readonly string[]): number {
    const lists = this.#lists;
    if (lists.length > 0 && areSame(lists[this.#last] as readonly string[], keys)) return this.#last;
    for (let i = 0; i < lists.length; i++) {
      if (!areSame(lists[i] as readonly string[], keys)) continue;
      this.#last = i;
      return i;
    }
    if (lists.length >= MOST_SHAPES || keys.length > MOST_KEYS) return -1;
    this.#last = lists.length;
    lists.push(keys);
    return this.#last;
  }

  /** All of them, as JSON. */
  get text(): string {
    const lists = this.#lists;
    const before = this.#before;
    if (lists.length !== before.length || !lists.every((keys, i) => areSame(keys, before[i] ?? []))) {
      this.#before = lists;
      this.#text = JSON.stringify(lists);
    }
    return this.#text;
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  const { length } = some;
  if (length !== others.length) return false;
  for (let i = 0; i < length; i++) if (some[i] !== others[i]) return false;
  return true;
}

/** What the reader knows of a shape. */
export interface Shape {
  readonly keys: readonly string[];
  /** An object with these keys. A copy of it has them as its own, whatever `Object.prototype` has. */
  readonly empty: Readonly<Record<string, unknown>>;
}

/** Lists of shapes that are kept, and characters of one. */
const MOST_KEPT = 128;
const MOST_KEPT_CHARACTERS = 4_096;

const kept = new Map<string, readonly Shape[]>();

/** The reader's list. @param text of the writer's */
export function readShapes(text: string): readonly Shape[] {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const shapes = (JSON.parse(text) as string[][]).map((keys) => {
    const empty = Object.fromEntries(keys.map((key) => [key, undefined]));
    // Those of an object are found faster than strings that have never been keys.
    return { keys: Object.keys(empty), empty };
  });
  if (text.length <= MOST_KEPT_CHARACTERS) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(text, shapes);
  }
  return shapes;
}
