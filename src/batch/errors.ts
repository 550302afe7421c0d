/** A batch cannot start or continue. Failures of single items are not reported this way. */
export class BatchError extends Error {
  override get name(): string {
    return 'BatchError';
  }
}

/** A system error, with the name of the file. */
export class BatchFileError extends BatchError {
  readonly path: string;
  /** As in `ENOSPC`. */
  readonly code: string;

  constructor(path: string, cause: unknown, what = '') {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    super(`${path}: ${what}${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.path = path;
    this.code = code;
  }
}
