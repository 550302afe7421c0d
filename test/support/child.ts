import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../fixtures/faults/child.mjs', import.meta.url));

export interface ChildEnd {
  readonly lines: string[];
  readonly errors: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs one of the programs of `child.mjs` to its end. `onLine` sees each line as it comes. */
export function runChild(
  name: string,
  args: readonly string[] = [],
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, name, ...args]);
    const lines: string[] = [];
    let rest = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() as string;
      for (const line of parts) {
        lines.push(line);
        onLine?.(line, (signal) => child.kill(signal));
      }
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ lines, errors, code, signal }));
  });
}
