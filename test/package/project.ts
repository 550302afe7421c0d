import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { type Ended, runProgram } from '../support/program.js';
import { root, succeed, userEnv } from './user.js';

export { root };

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
 * A copy of the project in which npm has installed the package, with tsx and the types of Node, or one in
 * which another program installs it; with `programs/` beside it. The caller removes it.
 *
 * @param installer the program that installs, with the arguments before the package
 */
export async function createProject(
  installer?: readonly [command: string, ...args: string[]],
): Promise<Project> {
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
    if (installer === undefined) {
      await cp(inject('installed'), folder, { recursive: true, verbatimSymlinks: true });
    } else {
      await project.write('package.json', JSON.stringify({ name: 'user', private: true, type: 'module' }));
      const [command, ...args] = installer;
      await succeed(command, [...args, inject('tarball')], folder);
    }
    await cp(path.join(root, 'test/package/programs'), folder, { recursive: true });
  } catch (error) {
    await project.remove();
    throw error;
  }
  return project;
}
