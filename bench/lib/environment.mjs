import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';

/**
 * What the figures depend on, noted beside them.
 * @param {readonly string[]} packages whose versions matter
 */
export function environment(packages) {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    versions: Object.fromEntries(packages.map((name) => [name, version(name)])),
  };
}

function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const dirty =
      git('status', '--porcelain', '--untracked-files=no', '--', ':(top)src', ':(top)workers') !== '';
    return git('rev-parse', '--short', 'HEAD') + (dirty ? ', with changes in src or workers' : '');
  } catch {
    return 'unknown';
  }
}

/**
 * Rivals are installed here, optional peers of the library beside it.
 * @param {string} name
 */
function version(name) {
  const own = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  const file = existsSync(own) ? own : new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
