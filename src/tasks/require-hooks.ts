/**
 * Compilers that the program has hooked into `require` (ts-node, @swc-node/register, …). A thread inherits
 * those that Node's command line names, but not those that the program has registered itself, as the command
 * `ts-node` does. So they are named to each thread.
 */
import Module from 'node:module';
import { requireFrom } from '../errors/module-url.js';

/** What registers each, as the package's users name it. */
const REGISTERS: { readonly [name: string]: string } = {
  'ts-node': 'ts-node/register/transpile-only',
  '@swc-node/register': '@swc-node/register',
  'esbuild-register': 'esbuild-register',
  '@swc/register': '@swc/register',
  '@babel/register': '@babel/register',
  sucrase: 'sucrase/register',
};

const LOADED = /^(.*[/\\]node_modules[/\\])((?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/;

type Hooks = { readonly _extensions?: { readonly '.ts'?: { readonly name: string } } };

/** The files that a thread is to `require`, for each compiler that is hooked in. Absolute paths. */
export function requireHooks(): readonly string[] {
  const hook = (Module as unknown as Hooks)._extensions?.['.ts'];
  // `loadTS` is Node's own, which threads have, too.
  if (hook === undefined || hook.name === 'loadTS') return [];
  const files = new Set<string>();
  for (const file of Object.keys(requireFrom(`${process.cwd()}/program`).cache)) {
    const [, folder, name] = LOADED.exec(file) ?? [];
    const register = REGISTERS[(name ?? '').replaceAll('\\', '/')];
    if (register === undefined) continue;
    try {
      files.add(requireFrom(`${folder}program`).resolve(register));
    } catch {
      // Another version, which is registered otherwise.
    }
  }
  return [...files];
}
