import type { ByteString } from '../files/bytes.js';
import { describeErrno } from '../files/errno.js';
import { quote, showInput } from '../files/quote.js';
import type { CheckOptions } from '../hash/options.js';
import { type Hasher, type HashingOptions, hashInOrder } from '../hash/pipeline.js';
import { messagesTaken } from '../terminal/messages.js';
import { escapePath } from './manifest.js';
import { ManifestReader } from './manifest-reader.js';
import type { Writer } from './writer.js';

/** What a check needs from the command. */
export interface CheckContext {
  readonly hasher: Hasher;
  readonly hashing: HashingOptions;
  readonly writer: Writer;
  /** Prints one line to standard error. */
  report(message: string): void;
}

/**
 * Verifies the files of one manifest and reports as `sha256sum -c` does. `-` is standard input. Returns
 * whether the check passed.
 */
export async function checkManifest(
  name: ByteString,
  context: CheckContext,
  options: CheckOptions,
): Promise<boolean> {
  const { writer, report } = context;
  const shown = showInput(name);
  const reader = new ManifestReader(name, context.hashing.algorithm);
  const count = { matched: 0, mismatched: 0, unread: 0 };
  reader.onMalformed = (line) => {
    if (options.warn) report(`${shown}: ${line}: improperly formatted ${reader.tag} checksum line`);
  };

  for await (const batch of hashInOrder(reader.entries(), context.hasher, context.hashing)) {
    let text = '';
    for (const { file, outcome } of batch) {
      if (typeof outcome !== 'string') {
        if (options.ignoreMissing && outcome.error === 'ENOENT') continue;
        count.unread++;
        report(`${quote(file.path)}: ${describeErrno(outcome.error)}`);
        text += verdict(file.path, 'FAILED open or read');
      } else if (outcome === file.digest) {
        count.matched++;
        if (!options.quiet) text += verdict(file.path, 'OK');
      } else {
        count.mismatched++;
        text += verdict(file.path, 'FAILED');
      }
    }
    if (!options.status) await writer.write(text);
    await messagesTaken();
  }
  await writer.flush();

  if (reader.failure !== undefined) {
    report(`${shown}: ${describeErrno(reader.failure)}`);
    return false;
  }
  if (reader.wellFormed === 0) {
    report(`${shown}: no properly formatted checksum lines found`);
    return false;
  }
  if (!options.status) warnings(reader.malformed, count.unread, count.mismatched).forEach(report);
  const nothing = options.ignoreMissing && count.matched === 0;
  if (nothing && !options.status) report(`${shown}: no file was verified`);
  return (
    count.mismatched === 0 && count.unread === 0 && !nothing && !(options.strict && reader.malformed > 0)
  );
}

/** A line like `NAME: OK`. As in coreutils, a name is escaped here only where it contains a newline. */
function verdict(path: ByteString, word: string): ByteString {
  return path.includes('\n') ? `\\${escapePath(path)}: ${word}\n` : `${path}: ${word}\n`;
}

function warnings(malformed: number, unread: number, mismatched: number): string[] {
  const all = [
    [malformed, 'line is improperly formatted', 'lines are improperly formatted'],
    [unread, 'listed file could not be read', 'listed files could not be read'],
    [mismatched, 'computed checksum did NOT match', 'computed checksums did NOT match'],
  ] as const;
  return all.filter(([n]) => n > 0).map(([n, one, several]) => `WARNING: ${n} ${n === 1 ? one : several}`);
}
