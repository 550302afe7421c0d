import type { ByteString } from '../files/bytes.js';

/** One line of a manifest: a file and the digest it should have. */
export interface ManifestEntry {
  readonly path: ByteString;
  /** In lower-case hex. */
  readonly digest: string;
}

/** A line as `sha256sum` prints it, with its newline. */
export function formatLine(digest: string, path: ByteString): ByteString {
  return /[\\\n\r]/.test(path) ? `\\${digest}  ${escapePath(path)}\n` : `${digest}  ${path}\n`;
}

/** Writes newline, carriage return and backslash as `\n`, `\r` and `\\`. */
export function escapePath(path: ByteString): ByteString {
  return path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/**
 * Reverses `escapePath`; `undefined` where another character follows a backslash, or where there is a NUL.
 */
function unescapePath(escaped: ByteString): ByteString | undefined {
  if (!/^(?:[^\\\0]|\\[nr\\])*$/.test(escaped)) return undefined;
  return escaped.replace(/\\(.)/g, (_, letter: string) =>
    letter === 'n' ? '\n' : letter === 'r' ? '\r' : '\\',
  );
}

/** NAME in `NAME (file) = digest`, as coreutils and the BSDs write it. */
function tagOf(algorithm: string): string {
  return algorithm.toLowerCase() === 'blake2b512' ? 'BLAKE2b' : algorithm.toUpperCase();
}

/**
 * Parses the lines of a manifest as coreutils 9.1 does (`split_3` in digest.c): `digest  file`, `digest
 * *file`, the BSDs' `digest file` and `NAME (file) = digest`. A backslash at the beginning says that the
 * file's name is escaped.
 *
 * One parser for each manifest: its first line decides whether one blank separates digest and name, or two
 * characters.
 */
export class ManifestParser {
  /** See `tagOf`. */
  readonly tag: string;
  readonly #hexLength: number;
  #oneBlank: boolean | undefined;

  /** `hexLength`: the length of a digest in hex characters. */
  constructor(algorithm: string, hexLength: number) {
    this.tag = tagOf(algorithm);
    this.#hexLength = hexLength;
  }

  /** `line`: without its newline. `'empty'`: a blank line or a comment. `undefined`: improperly formatted. */
  parse(line: ByteString): ManifestEntry | 'empty' | undefined {
    if (line.startsWith('#')) return 'empty';
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '') return 'empty';
    // A blank and a character of the name are the least that belongs to a digest.
    if (text.length < this.#hexLength + 2) return undefined;
    const [, escaped, rest] = /^[ \t]*(\\?)(.*)$/s.exec(text)!;
    const entry = rest!.startsWith(this.tag) ? this.#tagged(rest!) : this.#plain(rest!);
    if (!entry) return undefined;
    const path = escaped ? unescapePath(entry.path) : entry.path;
    return path === undefined || path.includes('\0') ? undefined : { path, digest: entry.digest };
  }

  #tagged(text: ByteString): ManifestEntry | undefined {
    const match = /^ ?\((.*)\)[ \t]*=[ \t]*([0-9a-fA-F]+)$/s.exec(text.slice(this.tag.length));
    if (!match || match[2]!.length !== this.#hexLength) return undefined;
    return { path: match[1]!, digest: match[2]!.toLowerCase() };
  }

  #plain(text: ByteString): ManifestEntry | undefined {
    const digest = text.slice(0, this.#hexLength);
    const rest = text.slice(this.#hexLength);
    if (digest.length < this.#hexLength || !/^[0-9a-fA-F]+$/.test(digest) || !/^[ \t]./s.test(rest))
      return undefined;
    // With the two forms mixed, a name with a leading blank could pass for another name.
    const oneBlank = rest.length === 2 || !/^[ *]$/.test(rest[1]!);
    if (oneBlank ? this.#oneBlank === false : this.#oneBlank === true) {
      return oneBlank ? undefined : { path: rest.slice(1), digest: digest.toLowerCase() };
    }
    this.#oneBlank = oneBlank;
    return { path: rest.slice(oneBlank ? 1 : 2), digest: digest.toLowerCase() };
  }
}
