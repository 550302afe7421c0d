import { statfsSync } from 'node:fs';
import { type ByteString, toBytes } from './bytes.js';

/**
 * `f_type` of Linux's statfs(2) for file systems whose regular files never keep a reader waiting for others.
 */
const LOCAL_TYPES = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs
  0x73717368, // squashfs
  0xe0f5e1e2, // erofs
  0x4d44, // vfat
  0x2011bab0, // exfat
  0x7366746e, // ntfs3
]);

const known = new Map<number, boolean>();

/**
 * Whether `path`, on the device `dev`, lies on a local disk or in memory. Not so on network file systems,
 * which may stall, nor in /proc and its like, where a regular file may wait for an event (`/proc/kmsg`). Only
 * Linux tells them apart by number; elsewhere every device counts as local.
 */
export function isLocalDevice(dev: number, path: ByteString): boolean {
  if (process.platform !== 'linux') return true;
  let local = known.get(dev);
  if (local === undefined) {
    try {
      local = LOCAL_TYPES.has(statfsSync(toBytes(path)).type >>> 0);
    } catch {
      return false;
    }
    known.set(dev, local);
  }
  return local;
}
