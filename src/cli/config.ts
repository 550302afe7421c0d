import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { didYouMean } from '../errors/did-you-mean.js';
import { requireOptional } from '../errors/optional-package.js';
import { UsageError } from './arguments.js';
import { withOrigin } from './config-origin.js';
import { esModuleHint } from './es-module-hint.js';

/*
 * The config file: for each command a section of the same names as its long options. Options beat the file,
 * also where two exclude each other.
 */

const NAMES = [
  'leastwork.config.yaml',
  'leastwork.config.yml',
  'leastwork.config.json',
  'leastwork.config.js',
  'leastwork.config.mjs',
  'leastwork.config.cjs',
  'leastwork.config.ts',
  'leastwork.config.mts',
  'leastwork.yaml',
];

const SECTIONS = ['map', 'hash', 'work'];

type OptionTypes = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly multiple?: boolean }>
>;

/** Options that name files: relative to the folder of the config file, wherever the command runs. */
const PATHS = ['output', 'errors', 'journal', 'files-from', 'trace', 'cpu-prof', 'pid-file', 'log-file'];

/** Options that name modules: the same, unless that is a package. */
const MODULES = ['preload', 'module'];

/** Options without a meaning in a file. */
const ONLY_HERE = ['config', 'help'];

/**
 * Merges the values of the config file below those of the command line. Throws `UsageError`.
 * @param exclusive names of which the file's does not count where another one is given on the command line
 */
export function configured<V extends { config?: string }>(
  command: string,
  options: OptionTypes,
  values: V,
  exclusive: readonly (readonly string[])[] = [],
): V {
  const file = values.config === undefined ? find(process.cwd()) : resolve(values.config);
  if (file === undefined) return values;
  const content = load(file);
  if (content === undefined || content === null) return values;
  const sections = objectOf(content, file);
  for (const name of Object.keys(sections)) mustBeKnown(name, SECTIONS, file, 'section');
  const section = sections[command];
  if (section === undefined || section === null) return values;
  const where = `${file}: ${command}`;
  const fromFile = sectionValues(objectOf(section, where), options, where, dirname(file));
  for (const names of exclusive) {
    if (!names.some((name) => isGiven(values, name))) continue;
    for (const name of names) delete fromFile[name];
  }
  const merged = { ...fromFile, ...values };
  const names = Object.keys(fromFile).filter((name) => !Object.hasOwn(values, name));
  return withOrigin(merged, { where, names });
}

/** Whether it is on the command line; `--no-` is no choice of another. */
function isGiven(values: object, name: string): boolean {
  const value = (values as Record<string, unknown>)[name];
  return value !== undefined && value !== false;
}

function sectionValues(
  section: Record<string, unknown>,
  options: OptionTypes,
  where: string,
  folder: string,
): Record<string, unknown> {
  const known = Object.keys(options).filter((name) => !ONLY_HERE.includes(name));
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(section)) {
    mustBeKnown(name, known, where, 'option');
    const given = optionValue(plain(name, value), options[name]!, `${where}.${name}`);
    // Off, as if it were not there.
    if (given !== undefined) values[name] = located(name, given, folder);
  }
  return values;
}

/** What may be said in a file in a way of its own, as it is said on a command line. */
function plain(name: string, value: unknown): unknown {
  // It may stand without a port.
  if (name === 'dashboard' && typeof value === 'boolean') return value ? '' : undefined;
  const isMapping = name === 'env' && typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMapping ? Object.entries(value).map(([key, each]) => `${key}=${each ?? ''}`) : value;
}

function located(name: string, value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((each) => located(name, each, folder));
  if (typeof value !== 'string' || value === '' || value === '-') return value;
  if (PATHS.includes(name)) return resolve(folder, value);
  const path = resolve(folder, value);
  return MODULES.includes(name) && (/^\.{1,2}[\\/]/.test(value) || existsSync(path)) ? path : value;
}

function optionValue(value: unknown, { type, multiple }: OptionTypes[string], where: string): unknown {
  if (value === undefined) return undefined;
  if (multiple) {
    const list = Array.isArray(value) ? value : [value];
    return list.map((each) => optionValue(each, { type }, where));
  }
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    throw new UsageError(`${where}: got ${JSON.stringify(value)}, expected true or false`);
  }
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new UsageError(`${where}: got ${JSON.stringify(value)}, expected a text or a number`);
}

function mustBeKnown(name: string, known: readonly string[], where: string, what: string): void {
  if (known.includes(name)) return;
  const meant = didYouMean(name, known);
  const hint = meant === undefined ? `expected one of ${known.join(', ')}` : `did you mean '${meant}'?`;
  throw new UsageError(`${where}: there is no ${what} '${name}': ${hint}`);
}

function objectOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new UsageError(`${where}: expected names and values`);
}

/** The config file of this folder or of the nearest one above. */
function find(folder: string): string | undefined {
  for (const name of NAMES) {
    const file = join(folder, name);
    if (existsSync(file)) return file;
  }
  const parent = dirname(folder);
  return parent === folder ? undefined : find(parent);
}

function load(file: string): unknown {
  // Before a package is asked for that would read it.
  if (!existsSync(file)) throw new UsageError(`${file}: there is no such file`);
  const require = createRequire(import.meta.url);
  try {
    switch (extname(file)) {
      case '.json':
        return JSON.parse(readFileSync(file, 'utf8'));
      case '.yaml':
      case '.yml':
        return (requireOptional('yaml', 'a config file in YAML') as typeof import('yaml')).parse(
          readFileSync(file, 'utf8'),
        );
      case '.ts':
      case '.mts':
        return contentOf(stripsTypes() ? require(file) : requireTypeScript(file));
      default:
        return contentOf(require(file));
    }
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`${file}: ${message}${esModuleHint(message)}`);
  }
}

/** Whether this Node knows TypeScript, or has been given a loader for it. */
function stripsTypes(): boolean {
  const { features } = process;
  const isBuiltIn = 'typescript' in features && Boolean(features.typescript);
  return isBuiltIn || '.ts' in createRequire(import.meta.url).extensions;
}

/** For a Node that does not. */
function requireTypeScript(file: string): unknown {
  const tsx = requireOptional('tsx/cjs/api', 'a config file in TypeScript, with this Node,') as {
    require(id: string, from: string): unknown;
  };
  return tsx.require(file, import.meta.url);
}

function contentOf(module: unknown): unknown {
  const { default: value = module } = module as { default?: unknown };
  // As compilers make it of an `export default`.
  return (value as { __esModule?: boolean })?.__esModule ? (value as { default?: unknown }).default : value;
}
