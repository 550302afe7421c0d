import { existsSync, statSync } from 'node:fs';
import { BatchError, BatchFileError, type JournalState, readJournal } from '../../batch/index.js';
import { parseCommandLine, UsageError } from '../arguments.js';
import { describeErrno } from '../files/errno.js';
import { formatBytes, formatCount, formatNumber } from '../terminal/format.js';
import { print } from '../terminal/print.js';

const HELP = `Usage: leastwork journal [OPTION] FILE

Sums up the journal of a batch (see 'leastwork map --help'): what it is about, how far it is, and which items failed.

      --failed   print the failed items only: file, line, and error, separated by tabs
  -h, --help     print this

Exit code: 0 the batch is complete and nothing failed; 1 it is not, or something did; 2 FILE could not be read.
`;

const OPTIONS = { failed: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

const ENDS = {
  open: 'not complete: running, or ended without a word; --resume goes on with it',
  interrupted: 'interrupted; --resume goes on with it',
  halted: 'halted after failures; --resume goes on with it',
  complete: 'complete',
} as const;

/** Kinds of errors that are listed. */
const MOST_KINDS = 10;

/** The command `leastwork journal`. Gives the exit code. */
export async function journalCommand(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseCommandLine(args, OPTIONS);
    if (values.help) {
      await print(HELP);
      return 0;
    }
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError('name one journal');
    const file = Buffer.from(path, 'latin1').toString('utf8');
    const state = readJournal(file);
    if (state === undefined) {
      if (!existsSync(file)) throw new BatchError(`${path}: there is no such journal`);
      process.stderr.write(`leastwork: ${path}: nothing is committed yet; --resume begins the batch\n`);
      return 1;
    }
    await print(values.failed ? failedLines(state) : describe(state, lastWritten(file, state)));
    return state.end === 'complete' && state.failed === 0 ? 0 : 1;
  } catch (error) {
    const isFile = error instanceof BatchFileError;
    const message = isFile ? `${error.path}: ${describeErrno(error.code)}` : (error as Error).message;
    process.stderr.write(`leastwork: ${message}\n`);
    if (error instanceof UsageError) {
      process.stderr.write(`Try 'leastwork journal --help' for more information.\n`);
    }
    return 2;
  }
}

/** Commits have no time of their own: while a run goes on, or was killed, that of the file is the latest. */
function lastWritten(file: string, { end, last }: JournalState): string {
  return end === 'open' ? statSync(file).mtime.toISOString() : last;
}

function describe(state: JournalState, last: string): string {
  const { identity, items, failed, done } = state;
  const pass = state.pass > 1 ? ` (failed items, run again: pass ${state.pass})` : '';
  const lines = [
    `function  ${identity.task.name}`,
    ...identity.inputs.map((input, index) => {
      const bytes = done
        .filter(({ source }) => source === index)
        .reduce((sum, { from, to }) => sum + to - from, 0);
      const of = input.size === undefined || state.pass > 1 ? '' : ` of ${formatBytes(input.size)}`;
      return `input     ${input.name}: ${formatBytes(bytes)}${of} done`;
    }),
    `output    ${identity.output}: ${formatBytes(state.output)}`,
    `items     ${formatNumber(items)}, ${formatNumber(failed)} failed${pass}`,
    `began     ${state.began}, last written ${last}, resumed ${formatCount(state.resumes, 'time')}`,
    `state     ${ENDS[state.end]}`,
    ...errorKinds(state),
  ];
  return `${lines.join('\n')}\n`;
}

function errorKinds({ failures }: JournalState): string[] {
  const counts = new Map<string, { count: number; line: number }>();
  for (const { name, message, line } of failures) {
    const kind = `${name}: ${message}`;
    const known = counts.get(kind);
    if (known === undefined) counts.set(kind, { count: 1, line });
    else known.count++;
  }
  const kinds = [...counts].sort(([, a], [, b]) => b.count - a.count);
  const lines = kinds
    .slice(0, MOST_KINDS)
    .map(([kind, { count, line }]) => `failed    ${formatNumber(count)} × ${kind} (first in line ${line})`);
  if (kinds.length > MOST_KINDS) lines.push(`failed    and ${kinds.length - MOST_KINDS} other kinds`);
  return lines;
}

function failedLines({ failures, identity }: JournalState): string {
  return failures
    .map(
      ({ source, line, name, message }) => `${identity.inputs[source]?.name}\t${line}\t${name}: ${message}\n`,
    )
    .join('');
}
