/**
 * Compilers of TypeScript that a project may have, one file at a time, without a check of types. They are
 * looked for where test runners are used, which compile for themselves alone: Jest, vitest.
 */
import { createRequire } from 'node:module';

/** The kind of module that is wanted. */
export type Format = 'commonjs' | 'module';

/** Makes JavaScript of a source. */
export type Compile = (source: string, file: string, format: Format) => string;

interface Compiler {
  /** Packages by which one gets from the project to the one that has `load`'s functions. */
  readonly packages: readonly string[];
  /** Whether it makes CommonJS of ES modules. */
  readonly commonJs: boolean;
  /** Gives `undefined` where the package is another version. */
  readonly load: (loaded: never) => Compile | undefined;
}

interface Esbuild {
  transformSync?(source: string, options: object): { code: string };
}
interface Swc {
  transformSync?(source: string, options: object): { code: string };
}
interface TypeScript {
  readonly ModuleKind: { readonly CommonJS: number; readonly ESNext: number };
  readonly ScriptTarget: { readonly ES2022: number };
  readonly JsxEmit: { readonly ReactJSX: number };
  transpileModule?(source: string, options: object): { outputText: string };
}
interface Oxc {
  transformSync?(
    file: string,
    source: string,
    options: object,
  ): { code: string; errors?: { message: string }[] };
}

const isJsx = (file: string): boolean => file.endsWith('x');

const esbuild = ({ transformSync }: Esbuild): Compile | undefined =>
  transformSync &&
  ((source, file, format) =>
    transformSync(source, {
      loader: isJsx(file) ? 'tsx' : 'ts',
      format: format === 'module' ? 'esm' : 'cjs',
      jsx: 'automatic',
      platform: 'node',
      target: `node${process.versions.node}`,
      sourcemap: 'inline',
      sourcesContent: false,
      sourcefile: file,
      ...(format === 'commonjs' && { define: IMPORT_META }),
      banner: format === 'commonjs' ? IMPORT_META_URL : '',
    }).code);

const IMPORT_META = {
  'import.meta.url': '__importMetaUrl',
  'import.meta.filename': '__filename',
  'import.meta.dirname': '__dirname',
};
/** On the first line, so that the places of errors stay right. */
const IMPORT_META_URL = 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;';

const swc = ({ transformSync }: Swc): Compile | undefined =>
  transformSync &&
  ((source, file, format) =>
    transformSync(source, {
      filename: file,
      module: { type: format === 'module' ? 'es6' : 'commonjs' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', tsx: isJsx(file), decorators: true },
        transform: { react: { runtime: 'automatic' } },
      },
      sourceMaps: 'inline',
    }).code);

const typescript = ({
  transpileModule,
  ModuleKind,
  ScriptTarget,
  JsxEmit,
}: TypeScript): Compile | undefined =>
  transpileModule &&
  ((source, file, format) => {
    const text =
      format === 'module'
        ? source
        : IMPORT_META_URL +
          Object.entries(IMPORT_META).reduce((code, [from, to]) => code.replaceAll(from, to), source);
    const compilerOptions = {
      module: format === 'module' ? ModuleKind.ESNext : ModuleKind.CommonJS,
      target: ScriptTarget.ES2022,
      jsx: JsxEmit.ReactJSX,
      esModuleInterop: true,
      inlineSourceMap: true,
    };
    return transpileModule(text, { fileName: file, compilerOptions }).outputText;
  });

const oxc = ({ transformSync }: Oxc): Compile | undefined =>
  transformSync &&
  ((source, file) => {
    const { code, errors = [] } = transformSync(file, source, { target: 'es2022', sourceType: 'module' });
    const [error] = errors;
    if (error !== undefined) throw new SyntaxError(`${file}: ${error.message}`);
    return code;
  });

/** In the order in which they are tried. vitest brings vite, and vite one of esbuild and rolldown. */
const COMPILERS: readonly Compiler[] = [
  { packages: ['esbuild'], commonJs: true, load: esbuild },
  { packages: ['@swc/core'], commonJs: true, load: swc },
  { packages: ['typescript'], commonJs: true, load: typescript },
  { packages: ['vite', 'esbuild'], commonJs: true, load: esbuild },
  { packages: ['vitest', 'vite', 'esbuild'], commonJs: true, load: esbuild },
  { packages: ['oxc-transform'], commonJs: false, load: oxc },
  { packages: ['vite', 'rolldown/experimental'], commonJs: false, load: oxc },
  { packages: ['vitest', 'vite', 'rolldown/experimental'], commonJs: false, load: oxc },
];

/** A compiler, and whether it makes CommonJS of ES modules. */
export interface Found {
  readonly compile: Compile;
  readonly commonJs: boolean;
}

const ADVICE =
  'run the program with a loader for it (node --import tsx), or add one of the packages tsx, esbuild, @swc/core or typescript (before version 7) to the project, or name the compiled file';

/**
 * @param files where to look: absolute paths, as if in these
 * @throws Error that says what to add
 */
export function findCompiler(files: readonly string[]): Found {
  for (const { packages, commonJs, load } of COMPILERS) {
    for (const file of files) {
      try {
        const compile = load(requireBy(packages, file) as never);
        if (compile !== undefined) return { compile, commonJs };
      } catch {
        // Not there, or not in a state to be used.
      }
    }
  }
  throw new Error(`this Node does not load it as it is: ${ADVICE}`);
}

function requireBy(packages: readonly string[], file: string): unknown {
  let from = file;
  for (const name of packages.slice(0, -1)) from = createRequire(from).resolve(`${name}/package.json`);
  return createRequire(from)(packages.at(-1) as string);
}
