import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../support/program.js';

/** Root of this repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The environment of a user: npm's variables would point it at this repository, and coverage is not of these
 * copies.
 */
export function userEnv(): NodeJS.ProcessEnv {
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
export async function succeed(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout, stderr, code } = await runProgram(command, args, { cwd, env: userEnv() });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}
