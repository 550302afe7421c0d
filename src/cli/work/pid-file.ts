/** The file that names the process of a machine: one machine has it at a time. */
import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { isMachine, mayEnd } from './is-machine.js';
import { alone, LockedError } from './process-lock.js';

/** In characters. What is longer is somebody's file, named by mistake. */
const LONGEST = 32;
/** A link may lead to a file that is not there yet. */
const WRITE_OR_MAKE = constants.O_RDWR | constants.O_CREAT;

export class PidFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The process that has it; undefined: none that is alive. */
  get owner(): number | undefined {
    let pid: number;
    try {
      pid = this.#content;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw this.#unusable(error);
    }
    return isMachine(pid) ? pid : undefined;
  }

  /** Whether this process has it. */
  get isOwn(): boolean {
    try {
      return this.#content === process.pid;
    } catch {
      return false;
    }
  }

  /** Throws `UsageError`: another process has it. */
  mustBeFree(): void {
    const { owner } = this;
    if (owner === undefined) return;
    throw new UsageError(
      `${this.#path}: process ${owner} has it and is running; end it first, or take over from it with --upgrade`,
    );
  }

  /** Throws `UsageError`: this process cannot take over from the one that has it. */
  mustYield(): void {
    const { owner } = this;
    if (owner === undefined || mayEnd(owner)) return;
    throw new UsageError(
      `${this.#path}: process ${owner} has it, and may not be ended by this user; take over as its user, or as root`,
    );
  }

  /**
   * Looks who has it only now: another machine may have become ready meanwhile. Of several at once, one is first.
   * @param takesOver from another process, too
   * @returns the process that had it until now, if one is alive
   */
  take(takesOver: boolean): number | undefined {
    try {
      return alone(this.#path, () => this.#take(takesOver));
    } catch (error) {
      if (error instanceof LockedError) throw new UsageError(`${this.#path}: ${error.message}`);
      throw error;
    }
  }

  /** Removes it, unless a successor has taken it. */
  leave(): void {
    try {
      if (this.isOwn) alone(this.#path, () => this.#remove());
    } catch {
      // Its folder is another user's; or a successor is taking it.
    }
  }

  #take(takesOver: boolean): number | undefined {
    for (;;) {
      const { owner } = this;
      if (takesOver) this.mustYield();
      else this.mustBeFree();
      try {
        // In place where it is there: its folder may be another user's.
        const isThere = lstatSync(this.#path, { throwIfNoEntry: false }) !== undefined;
        this.#write(isThere);
        return owner;
      } catch (error) {
        // Somebody else has just made it.
        if (errnoOf(error) !== 'EEXIST') throw this.#unusable(error);
      }
    }
  }

  /** The number in its first line. */
  get #content(): number {
    const text = readFileSync(this.#path, 'utf8');
    if (text.length > LONGEST) {
      throw new UsageError(
        `${this.#path}: it is no pid file, and would be written over: it has more than a number`,
      );
    }
    const [line] = text.trim().split('\n');
    return line === '' ? Number.NaN : Number(line);
  }

  /**
   * Where there is no room for it (a full disk, a quota), all stays as it was: the machine that has the file is
   * named by it as before, and none is left that names nobody.
   */
  #write(isThere: boolean): void {
    const text = `${process.pid}\n`;
    const isLink = isThere && lstatSync(this.#path).isSymbolicLink();
    const fd = openSync(this.#path, isLink ? WRITE_OR_MAKE : isThere ? 'r+' : 'wx');
    try {
      writeFileSync(fd, text);
      ftruncateSync(fd, text.length);
    } catch (error) {
      if (!isThere) rmSync(this.#path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  #remove(): void {
    if (this.isOwn) rmSync(this.#path, { force: true });
  }

  #unusable(error: unknown): UsageError {
    if (error instanceof UsageError) return error;
    const code = errnoOf(error);
    return new UsageError(`${this.#path}: ${code === undefined ? String(error) : describeErrno(code)}`);
  }
}
