/** A batch that cannot run, or cannot go on. What happens to single items is not of this kind. */
export class BatchError extends Error {
  override get name(): string {
    return 'BatchError';
  }
}

/** The system error of a file, with the file's name. */
export class BatchFileError extends BatchError {
  readonly path: string;
  /** As in `ENOSPC`. */
  readonly code: string;

  constructor(path: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    super(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.path = path;
    this.code = code;
  }
}
