// A program in several files. The first one is loaded at once, each other one when something of it is used for
// the first time. There is one copy of each module, so of each class and of all state.
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

export class Parts {
  #options;
  #entry;
  #files;
  #inEach;
  /** For each file, the modules that are in it or in one before it. */
  #within = [];
  /** The modules that other files take. */
  #taken;
  #names = new Map();

  /**
   * @param options esbuild's, for CommonJS
   * @param entry source of what the first file exports
   * @param files their names without suffix, in the order in which they are loaded
   * @param cuts for each file but the first, the modules at which it begins: they, and what only they import,
   * are in it
   * @param inEach constants and arithmetic of hot paths: each file has them itself
   */
  static async of({ options, entry, files, cuts, inEach }) {
    const parts = new Parts();
    parts.#options = options;
    parts.#entry = entry;
    parts.#files = files;
    parts.#inEach = inEach;
    for (const index of files.keys())
      parts.#within.push(await parts.#modulesWithout(cuts.slice(index).flat()));
    parts.#taken = new Set(cuts.flat());
    return parts;
  }

  get count() {
    return this.#files.length;
  }

  /** The source that a relative import means. */
  sourceOf(path, importer) {
    return relative(this.#options.absWorkingDir, join(dirname(importer), path)).replace(/\.js$/, '.ts');
  }

  /** The names that a module exports. */
  namesOf(source) {
    const names = this.#names.get(source) ?? this.#findNames(source);
    this.#names.set(source, names);
    return names;
  }

  /**
   * Leaves modules to the files that they are in.
   * @param own index of the file that is built; `count`: one that is none of them comes after all
   * @param leave says of a source which file is to be required for it, if there is one
   */
  plugin(own, leave = () => undefined) {
    return {
      name: 'parts',
      setup: ({ onResolve, onLoad }) => {
        onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, namespace }) => {
          if (namespace !== 'file') return { path, external: true };
          const source = this.sourceOf(path, importer);
          const file = leave(source);
          if (file !== undefined) return { path: file, external: true };
          const index = this.#fileOf(source);
          if (index === undefined || index === own || this.#inEach.includes(source)) return undefined;
          return { path: source, namespace: index < own ? 'loaded' : 'later' };
        });
        // As names of this file: hot paths do not go through the getters of the other one.
        onLoad({ filter: /./, namespace: 'loaded' }, async ({ path }) => {
          this.#taken.add(path);
          const names = (await this.namesOf(path)).join(', ');
          return { contents: `export const { ${names} } = ${this.#require(path)};` };
        });
        // Loads the file when something of it is used for the first time.
        onLoad({ filter: /./, namespace: 'later' }, async ({ path }) => {
          this.#taken.add(path);
          const getters = (await this.namesOf(path)).map(
            (name) => `get ${name}() { return (part ??= load()).${name}; }`,
          );
          return {
            contents: `
              let part;
              const load = () => ${this.#require(path)};
              module.exports = { __esModule: true, ${getters.join(', ')} };`,
          };
        });
      },
    };
  }

  /** Builds the files. The last one first: what it takes stands in the others. */
  async build({ outdir, plugins = [] }) {
    for (const [index, name] of [...this.#files.entries()].reverse()) {
      const sources = [...this.#taken].filter((source) => this.#fileOf(source) === index).sort();
      await build({
        ...this.#options,
        stdin: {
          contents: [
            ...(index === 0 ? [`export * from ${quoted(this.#entry)}`] : []),
            ...sources.map((source) => `export * as ${JSON.stringify(source)} from ${quoted(source)}`),
          ].join('\n'),
          resolveDir: this.#options.absWorkingDir,
          sourcefile: `${name}.js`,
        },
        outfile: `${outdir}/${name}.cjs`,
        plugins: [this.plugin(index), ...plugins],
      });
    }
  }

  /** Index of the file that a module is in. */
  #fileOf(source) {
    const index = this.#within.findIndex((modules) => modules.has(source));
    return index < 0 ? undefined : index;
  }

  #require(source) {
    return `require('./${this.#files[this.#fileOf(source)]}.cjs')[${JSON.stringify(source)}]`;
  }

  /** The modules that the entry is made of, without those that are only reached through `cut`. */
  async #modulesWithout(cut) {
    const cutOff = {
      name: 'cut-off',
      setup: ({ onResolve }) => {
        onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) =>
          cut.includes(this.sourceOf(path, importer)) ? { path, external: true } : undefined,
        );
      },
    };
    const options = { ...this.#options, entryPoints: [this.#entry], write: false, metafile: true };
    return new Set(Object.keys((await build({ ...options, plugins: [cutOff] })).metafile.inputs));
  }

  async #findNames(source) {
    const options = { ...this.#options, format: 'esm', entryPoints: [source], write: false, metafile: true };
    const { outputs } = (await build({ ...options, outdir: 'dist' })).metafile;
    return Object.values(outputs)
      .flatMap((output) => output.exports)
      .sort();
  }
}

const quoted = (file) => JSON.stringify(`./${file}`);
