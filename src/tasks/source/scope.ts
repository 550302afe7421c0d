/** Scopes of a function's source, and the look-up of names in them. */

export interface Scope {
  readonly parent: Scope | undefined;
  readonly names: Set<string>;
  /** Declarations by `var` go no further out than this scope. */
  readonly isFunction: boolean;
  /** Strict code: a function that is declared in a block is visible only there. */
  readonly strict: boolean;
}

/** One use of a name. */
export interface Use {
  readonly name: string;
  readonly offset: number;
  readonly scope: Scope;
  readonly member: string | undefined;
  readonly called: boolean;
}

/** A name that is used but not declared. */
export interface FreeName {
  /** `this`, `super`, `new.target`, `import.meta` and `#private` count as names, too. */
  readonly name: string;
  /** Offset of its first use in the parsed text. */
  readonly offset: number;
  /** Properties that are read of it, as in `crypto.createHash`. */
  readonly members: ReadonlySet<string>;
  /** Whether it is called anywhere, or used with `new`: then it is a function or a class. */
  readonly called: boolean;
  /** Whether it is used anywhere without reading a property of it. */
  readonly bare: boolean;
  /** Whether a function of this name is declared in a block of strict code, and so not visible outside. */
  readonly inBlock: boolean;
}

/** A scope for code around a function, without declarations. */
export function outermostScope(strict: boolean): Scope {
  return { parent: undefined, names: new Set(), isFunction: true, strict };
}

export function innerScope(parent: Scope, isFunction = false, strict = parent.strict): Scope {
  return { parent, names: new Set(), isFunction, strict };
}

/** The scope to which `var` declares. */
export function functionScope(scope: Scope): Scope {
  let at = scope;
  while (!at.isFunction && at.parent !== undefined) at = at.parent;
  return at;
}

/**
 * The names among the uses that no scope declares, in the order of their first use.
 * @param guarded names that are not reported
 * @param inBlocks names of functions that are visible only in their blocks
 */
export function undeclared(
  uses: readonly Use[],
  guarded: ReadonlySet<string>,
  inBlocks: ReadonlySet<string>,
): FreeName[] {
  const free = new Map<string, FreeName & { members: Set<string>; called: boolean; bare: boolean }>();
  for (const use of uses) {
    if (isDeclared(use) || guarded.has(use.name)) continue;
    let entry = free.get(use.name);
    if (entry === undefined) {
      const { name, offset } = use;
      entry = { name, offset, members: new Set(), called: false, bare: false, inBlock: inBlocks.has(name) };
      free.set(use.name, entry);
    }
    if (use.member === undefined) entry.bare = true;
    else entry.members.add(use.member);
    entry.called ||= use.called;
  }
  return [...free.values()].sort((a, b) => a.offset - b.offset);
}

function isDeclared({ name, scope }: Use): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.names.has(name)) return true;
  }
  return false;
}
