import { spawn } from 'node:child_process';

/** How a program ended, and all that it wrote. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs a program to its end, with nothing to read. Rejects only where it cannot be started. */
export function runProgram(
  command: string,
  args: readonly string[],
  { cwd, env, onLine }: ProgramOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      if (onLine === undefined) return;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) onLine(line, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ stdout, stderr, code, signal }));
  });
}

/** Runs the Node that runs the tests. */
export function runNode(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return runProgram(process.execPath, args, options);
}

/** Runs Node with a program that must succeed; gives its standard output. */
export async function outputOfNode(args: readonly string[], options?: ProgramOptions): Promise<string> {
  const { stdout, stderr, code, signal } = await runNode(args, options);
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code ?? signal}\n${stdout}${stderr}`);
  return stdout;
}

/** The lines of an output, without their ends. */
export function linesOf(output: string): string[] {
  return output.split('\n').filter((line, i, all) => i < all.length - 1 || line !== '');
}
