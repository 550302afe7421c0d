/** The log of a machine: lines of text or JSON, to standard error or to a file that may be rotated. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** What a line says beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

const STANDARD_ERROR = 2;

export class Log {
  readonly #file: string | undefined;
  readonly #isJson: boolean;
  readonly #least: number;
  /** While one machine takes over from another one, both write into the file. */
  readonly #whose: LogFields;
  #fd: number;

  /** @param file undefined: standard error. Throws where it cannot be opened */
  constructor(file: string | undefined, format: 'text' | 'json', level: LogLevel) {
    this.#file = file;
    this.#isJson = format === 'json';
    this.#least = LEVELS.indexOf(level);
    this.#whose = file === undefined ? {} : { pid: process.pid };
    this.#fd = file === undefined ? STANDARD_ERROR : openSync(file, 'a');
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  /** What others print, as it is. */
  print(chunk: string | Uint8Array): void {
    try {
      writeFileSync(this.#fd, chunk);
    } catch {
      // As for lines.
    }
  }

  /** Opens the file anew: whoever rotates logs has moved it away. */
  reopen(): void {
    if (this.#file === undefined) return;
    const fresh = openSync(this.#file, 'a');
    closeSync(this.#fd);
    this.#fd = fresh;
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    const time = new Date().toISOString();
    const all = { ...fields, ...this.#whose };
    const line = this.#isJson
      ? JSON.stringify({ time, level, message, ...all })
      : [time, level.padEnd(5), message, ...Object.entries(all).map(asText)]
          .filter((x) => x !== '')
          .join(' ');
    try {
      writeSync(this.#fd, `${line}\n`);
    } catch {
      // A full disk, or a reader that has gone: the machine works on.
    }
  }
}

function asText([name, value]: [string, LogFields[string]]): string {
  if (value === undefined) return '';
  const text = String(value);
  // What comes from tasks may have control characters in it, which a terminal would obey.
  return `${name}=${/[\s"=\p{Cc}]/u.test(text) ? JSON.stringify(text) : text}`;
}
