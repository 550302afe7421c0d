/**
 * What a task is, as it travels to a worker: once, ahead of its first use; after that its id does.
 */
export type TaskDefinition = InlineDefinition | ModuleDefinition;

/** A function sent as source text. */
export interface InlineDefinition {
  readonly kind: 'inline';
  readonly id: number;
  /** For messages: the function's name, or `(anonymous)`. */
  readonly name: string;
  /** An expression that evaluates to the function. */
  readonly source: string;
  /** File URL from which `require` and `import()` inside the function resolve: the program's entry file. */
  readonly base: string;
}

/** An export of a module. */
export interface ModuleDefinition {
  readonly kind: 'module';
  readonly id: number;
  /** For messages: last part of the url, `#`, the export's path. */
  readonly name: string;
  /** What to `import()`: a URL string. */
  readonly url: string;
  /** The way to the function from the module's namespace, as in `['image', 'resize']`. */
  readonly path: readonly string[];
}
