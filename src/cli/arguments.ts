import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean } from '../errors/did-you-mean.js';
import { type ByteString, fromText } from './files/bytes.js';

/** The command line is wrong. The message is followed by a pointer to `--help`. */
export class UsageError extends Error {}

/** A parsed command line. */
interface CommandLine<O extends Options> {
  readonly values: Parsed<O>['values'];
  /** Byte for byte as they were given. */
  readonly positionals: ByteString[];
  /** The names of the options, in the order given. */
  readonly optionNames: string[];
  /** The value of an option, byte for byte; the last one where the option is repeated. */
  bytesOf(option: string): ByteString | undefined;
}

/** As `parseArgs`, but an error is a `UsageError`. */
export function parseCommandLine<O extends Options>(args: readonly string[], options: O): CommandLine<O> {
  let parsed: Parsed<O>;
  try {
    parsed = parse(args, options);
  } catch (error) {
    throw new UsageError(explain(error as NodeJS.ErrnoException, Object.keys(options)));
  }
  const raw = args.some((arg) => arg.includes('\ufffd')) ? rawArguments(args.length) : undefined;
  const positionals: ByteString[] = parsed.tokens
    .filter((token) => token.kind === 'positional')
    .map((token) => raw?.[token.index] ?? fromText(token.value));
  const optionTokens = parsed.tokens.filter((token) => token.kind === 'option');
  return {
    values: parsed.values,
    positionals,
    optionNames: optionTokens.map((token) => token.name),
    bytesOf(option) {
      const token = optionTokens.findLast(({ name }) => name === option);
      if (token?.value === undefined) return undefined;
      const { index, value, inlineValue } = token;
      // In `--name=value` all before the value is ASCII: as many bytes as characters.
      return (
        raw?.[inlineValue ? index : index + 1]?.slice(inlineValue ? args[index]!.length - value.length : 0) ??
        fromText(value)
      );
    },
  };
}

/**
 * Node's message; for an unknown option with the nearest one instead of advice about arguments that begin
 * with a hyphen.
 */
function explain({ code, message }: NodeJS.ErrnoException, known: readonly string[]): string {
  const [, start, name] = /^(Unknown option '--(.+?)')/.exec(message) ?? [];
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION' || name === undefined) return message;
  const meant = didYouMean(name, known);
  return meant === undefined ? message : `${start}: did you mean '--${meant}'?`;
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; tokens: true; strict: true }>
>;

function parse<O extends Options>(args: readonly string[], options: O): Parsed<O> {
  return parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
    strict: true,
  });
}

/**
 * The last `count` arguments of this process as bytes. Node decodes arguments as UTF-8 and loses all other
 * bytes. `undefined` where there is no procfs.
 */
function rawArguments(count: number): ByteString[] | undefined {
  try {
    return readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1).slice(-count);
  } catch {
    return undefined;
  }
}
