import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Ended } from './program.js';

/** The command's entry file, as in the package. */
export const MAIN = fileURLToPath(new URL('../../dist/node/command.cjs', import.meta.url));

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Buffer;
  /** Default: that of the test. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs `leastwork` to its end. Its standard output is given as bytes, one character each. */
export function leastwork(args: readonly string[], options: RunOptions = {}): Ended {
  return finish(process.execPath, [MAIN, ...args], options);
}

/** Runs GNU coreutils' sha256sum or one of its kin, for comparison. */
export function coreutils(program: string, args: readonly string[], options: RunOptions = {}): Ended {
  return finish(program, args, options);
}

/** Runs a program to its end. */
export function finish(program: string, args: readonly string[], options: RunOptions): Ended {
  const env = { ...(options.env ?? process.env), LC_ALL: 'C.UTF-8' };
  const ran = spawnSync(program, args, { ...options, env, maxBuffer: 1 << 28 });
  if (ran.error) throw ran.error;
  return {
    code: ran.status,
    signal: ran.signal,
    stdout: ran.stdout.toString('latin1'),
    stderr: ran.stderr.toString('utf8'),
  };
}

/**
 * Starts `leastwork` and leaves it running, at most to the end of the test.
 * @param flags of Node
 */
export function start(args: readonly string[], cwd: string, flags: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [...flags, MAIN, ...args], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** How a child ended. */
export function ended(child: ChildProcess): Promise<Pick<Ended, 'code' | 'signal'>> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
}

/** Messages without the name of the program that they begin with. */
export function withoutProgram(stderr: string): string {
  return stderr.replace(/^(?:leastwork|sha\d+sum|md5sum|b2sum): /gm, '');
}
