import { readFileSync } from 'node:fs';
import type { ByteString } from './bytes.js';

/** Linux's names of file systems whose directories and regular files never keep a reader waiting for others. */
const LOCAL_TYPES = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'bcachefs',
  'tmpfs',
  'devtmpfs',
  'ramfs',
  'rootfs',
  'overlay',
  'squashfs',
  'erofs',
  'vfat',
  'msdos',
  'exfat',
  'ntfs3',
]);

/**
 * Which paths lie on a local disk or in memory. Not so those on network file systems, which may stall, nor
 * those in /proc and its like, where a regular file may wait for an event (`/proc/kmsg`).
 *
 * Read from the kernel's list: merely examining a path on a server that does not answer would block. Only
 * Linux has that list at hand; elsewhere every path counts as local.
 */
export class Mounts {
  /** By mount point: whether what is mounted there is local. */
  readonly #isLocal = new Map<ByteString, boolean>();

  /** @param list as in /proc/self/mountinfo */
  constructor(list: ByteString) {
    for (const line of list.split('\n')) {
      // The mount point is the fifth field; the type is the first one after a variable number of others.
      const point = line.split(' ', 5)[4];
      const type = / - (\S+) /.exec(line)?.[1];
      // Of several mounts at one point the last one is seen.
      if (point !== undefined && type !== undefined)
        this.#isLocal.set(unescaped(point), LOCAL_TYPES.has(type));
    }
  }

  /** Those of this process. */
  static read(): Mounts {
    if (process.platform !== 'linux') return new Mounts('0 0 0:0 / / rw - rootfs');
    try {
      return new Mounts(readFileSync('/proc/self/mountinfo', 'latin1'));
    } catch {
      // Nothing is known to be local.
      return new Mounts('');
    }
  }

  /** @param path an absolute one, without links */
  isLocal(path: ByteString): boolean {
    for (let above = path; above !== ''; above = above.slice(0, above.lastIndexOf('/'))) {
      const isLocal = this.#isLocal.get(above);
      if (isLocal !== undefined) return isLocal;
    }
    return this.#isLocal.get('/') ?? false;
  }

  /** Whether something that is not local is mounted at this path. */
  hasOtherAt(path: ByteString): boolean {
    return this.#isLocal.get(path) === false;
  }

  /** Whether something that is not local is mounted below this path. */
  hasOtherBelow(path: ByteString): boolean {
    const prefix = path.endsWith('/') ? path : `${path}/`;
    for (const [point, isLocal] of this.#isLocal) if (!isLocal && point.startsWith(prefix)) return true;
    return false;
  }
}

function unescaped(field: ByteString): ByteString {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
