// An example as a user has it: a copy in a folder of its own, with the packed library installed.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** npm's variables would point at this repository. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$|NODE_ENV$|VITEST)/i.test(name)),
);
env.NO_COLOR = '1';
delete env.FORCE_COLOR;
env.PATH = `${path.dirname(process.execPath)}${path.delimiter}${env.PATH}`;

/** A program that hangs is a fault, too. In ms. */
const LIMIT = 120_000;

export class Project {
  constructor(name, folder) {
    this.name = name;
    this.folder = folder;
  }

  /**
   * @param source the folder of the example; `undefined`: an empty project
   * @param tarball the packed library
   * @param plain gives an installed project that has the library alone: its packages are copied where an
   *   example needs no others
   */
  static async create(name, source, tarball, plain) {
    const base = await realpath(await mkdtemp(path.join(tmpdir(), 'leastwork-example-')));
    const project = new Project(name, path.join(base, name));
    const isOwn = (file) => !file.split(path.sep).includes('node_modules');
    if (source === undefined) await mkdir(project.folder);
    else await cp(source, project.folder, { recursive: true, filter: isOwn });
    if (plain !== undefined && (await project.#isPlain())) {
      const packages = (of) => path.join(of.folder, 'node_modules');
      await cp(packages(await plain()), packages(project), { recursive: true, verbatimSymlinks: true });
    } else {
      await project.run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball]);
    }
    return project;
  }

  /** Runs a command to its end. @returns what it printed @throws where it fails */
  async run(command, args, more = {}) {
    const child = this.#spawn(command, args, more);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    const { code, signal } = await ended(child);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${signal ?? code}\n${output}`);
    return output;
  }

  /**
   * Starts a server, and waits until it names its address.
   * @returns `{ url, stop }`; `stop` sends SIGTERM and gives how it ended
   */
  async serve(file, more) {
    const child = this.#spawn(process.execPath, [file], { PORT: '0', ...more });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    const end = ended(child);
    for await (const line of createInterface({ input: child.stdout })) {
      const [url] = /http:\/\/localhost:\d+/.exec(line) ?? [];
      if (url === undefined) continue;
      child.stdout.resume();
      return {
        url,
        stop() {
          child.kill('SIGTERM');
          return end;
        },
      };
    }
    throw new Error(`${file} did not start\n${errors}`);
  }

  async remove() {
    await rm(path.dirname(this.folder), { recursive: true, force: true });
  }

  async #isPlain() {
    const manifest = JSON.parse(await readFile(path.join(this.folder, 'package.json'), 'utf8'));
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    return names.every((name) => name === 'leastwork');
  }

  #spawn(command, args, more) {
    return spawn(command, args, {
      cwd: this.folder,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT,
      killSignal: 'SIGKILL',
      shell: process.platform === 'win32' && command === 'npm',
    });
  }
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}
