import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, runProgram } from '../support/program.js';

/** Root of this repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the quick start in `programs/` prints, in each of its forms. */
export const quickStartSucceeded: Ended = {
  stdout: '3\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n',
  stderr: '',
  code: 0,
  signal: null,
};

/**
 * A project of a user, in a folder of its own far from this repository, with the packed leastwork installed.
 */
export interface Project {
  /** Absolute path; it has spaces and letters that are not ASCII, as home folders do. */
  readonly folder: string;
  /** Runs a program to its end. `node` is the Node that runs the tests. */
  run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Writes a file, its folders included. */
  write(file: string, text: string): Promise<void>;
  /** Deletes the folder. */
  remove(): Promise<void>;
}

/**
 * The environment of a user: npm's variables would point it at this repository, and coverage is not of these
 * copies.
 */
function userEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(npm_|NODE_V8_COVERAGE$|NODE_OPTIONS$|NODE_ENV$|VITEST|INIT_CWD$|TEST$)/i.test(name))
      delete env[name];
  }
  // `node` and npm's own Node are the one that runs the tests, which may not be the first on the PATH.
  env.PATH = `${path.dirname(process.execPath)}${path.delimiter}${env.PATH}`;
  return env;
}

/** Runs a step that must succeed; gives its standard output. */
async function succeed(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout, stderr, code } = await runProgram(command, args, { cwd, env: userEnv() });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** How a project gets its packages. */
export interface Install {
  /** Further packages, as npm names them. */
  readonly packages?: readonly string[];
  /** The program that installs, with the arguments before the packages. */
  readonly installer?: readonly [command: string, ...args: string[]];
}

/**
 * Packs the package as built, installs it as a user would, and copies `programs/` beside it.
 *
 * The caller removes it.
 */
export async function createProject({ packages = [], installer }: Install = {}): Promise<Project> {
  const base = await realpath(await mkdtemp(path.join(tmpdir(), 'leastwork-')));
  const folder = path.join(base, 'Prüf stand 試験');
  const project: Project = {
    folder,
    run: (command, args, env) => runProgram(command, args, { cwd: folder, env: { ...userEnv(), ...env } }),
    async write(file, text) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), text);
    },
    remove: () => rm(base, { recursive: true, force: true }),
  };
  try {
    await project.write('package.json', JSON.stringify({ name: 'user', private: true, type: 'module' }));
    // The set-up has built; `prepack` would only do it again.
    const packing = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
    const tarball = (await succeed('npm', packing, root)).trim();
    const [command, ...args] = installer ?? ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'];
    await succeed(command, [...args, `./${tarball}`, ...packages], folder);
    await cp(path.join(root, 'test/package/programs'), folder, { recursive: true });
  } catch (error) {
    await project.remove();
    throw error;
  }
  return project;
}
