#!/usr/bin/env node
import Module, { createRequire } from 'node:module';
import { UsageError } from './arguments.js';
import { describeErrno, errnoOf } from './files/errno.js';
import { FileError } from './files/file-error.js';
import { print } from './terminal/print.js';

/*
 * The command `leastwork`: finds the subcommand and runs it. Only the module of that subcommand is loaded.
 */
const COMMANDS: Record<
  string,
  { about: string; load(): Promise<(args: readonly string[]) => Promise<number>> }
> = {
  hash: {
    about: 'print or verify digests of files, on all cores',
    load: async () => (await import('./hash/command.js')).hashCommand,
  },
  map: {
    about: 'call a function for each line of files, on all cores',
    load: async () => (await import('./map/command.js')).mapCommand,
  },
  work: {
    about: 'serve functions of modules to a cluster, as a service',
    load: async () => (await import('./work/command.js')).workCommand,
  },
  journal: {
    about: "sum up the journal of a batch of 'map'",
    load: async () => (await import('./journal/command.js')).journalCommand,
  },
};

const HELP = `Usage: leastwork COMMAND [OPTION]...

${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join('\n')}

  -h, --help     print this; 'leastwork COMMAND --help' prints more of a command
      --version  print the version
`;

/**
 * From 22.1 on Node can keep what it compiles, in a folder of the system for temporary files: a start takes a
 * tenth less from the second time on. `NODE_DISABLE_COMPILE_CACHE=1` turns that off, `NODE_COMPILE_CACHE` names
 * another folder.
 */
function keepCompiled(): void {
  try {
    (Module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  } catch {
    // It is not needed.
  }
}

/** The exit code that a shell shows for a program killed by SIGPIPE; Node ignores that signal. */
const EXIT_BROKEN_PIPE = 141;

async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--help' || first === '-h') {
    await print(HELP);
    return 0;
  }
  if (first === '--version' || (first && first in COMMANDS && rest[0] === '--version')) {
    await print(`leastwork ${version()}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, first ?? '') ? COMMANDS[first!] : undefined;
  try {
    if (!command)
      throw new UsageError(first === undefined ? 'no command given' : `unknown command '${first}'`);
    return await (await command.load())(rest);
  } catch (error) {
    if (error instanceof FileError && error.code === 'EPIPE') return EXIT_BROKEN_PIPE;
    process.stderr.write(`leastwork: ${explain(error)}\n`);
    if (error instanceof UsageError) {
      process.stderr.write(`Try 'leastwork ${command ? `${first} ` : ''}--help' for more information.\n`);
    }
    return 1;
  }
}

function explain(error: unknown): string {
  const code = errnoOf(error);
  if (code !== undefined) return `${(error as NodeJS.ErrnoException).syscall} error: ${describeErrno(code)}`;
  return error instanceof Error ? error.message : String(error);
}

function version(): string {
  return createRequire(import.meta.url)('leastwork/package.json').version;
}

// `process.exit` and not `exitCode`: after a failure, workers may still be hashing a large file in vain.
keepCompiled();
// Who reads the messages may go away: what runs goes on, and its exit code tells the rest.
process.stderr.on('error', () => {});
// Then the process only waits for its threads, one of which may be blocked in a read: a signal ends that.
process.once('exit', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
});
main(process.argv.slice(2)).then((code) => process.exit(code));
