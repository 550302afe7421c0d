/** The file that names the process of a machine: one machine has it at a time. */
import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { isMachine } from './is-machine.js';
import { alone, LockedError } from './process-lock.js';

export class PidFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The process that has it; undefined: none that is alive. */
  get owner(): number | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw this.#unusable(error);
    }
    const pid = Number(text.trim());
    return isMachine(pid) ? pid : undefined;
  }

  /** Whether this process has it. */
  get isOwn(): boolean {
    try {
      return readFileSync(this.#path, 'utf8').trim() === String(process.pid);
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
      if (!takesOver) this.mustBeFree();
      try {
        // In place where it is there: its folder may be another user's.
        const isThere = lstatSync(this.#path, { throwIfNoEntry: false }) !== undefined;
        writeFileSync(this.#path, `${process.pid}\n`, { flag: isThere ? 'w' : 'wx' });
        return owner;
      } catch (error) {
        // Somebody else has just made it.
        if (errnoOf(error) !== 'EEXIST') throw this.#unusable(error);
      }
    }
  }

  #remove(): void {
    if (this.isOwn) rmSync(this.#path, { force: true });
  }

  #unusable(error: unknown): UsageError {
    const code = errnoOf(error);
    return new UsageError(`${this.#path}: ${code === undefined ? String(error) : describeErrno(code)}`);
  }
}
