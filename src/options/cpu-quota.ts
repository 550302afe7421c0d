/**
 * How many cores this process may use: a container may be given fewer than the machine has, by a quota of its
 * cgroup.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Version 1 mounts each controller in a folder of its own, whose name has varied. */
const V1_FOLDERS = ['cpu', 'cpu,cpuacct', 'cpuacct,cpu'];

let cores: number | undefined;

/**
 * The cores that this process may use at once, an integer ≥ 1: `os.availableParallelism()`, or the CPU quota,
 * rounded up, where that is less. Node learns of quotas from version 22 on only. Read once.
 */
export function availableCores(): number {
  cores ??= coresWithin(availableParallelism(), cpuQuota());
  return cores;
}

export function coresWithin(parallelism: number, quota: number): number {
  return Math.max(1, Math.min(parallelism, Math.ceil(quota)));
}

/**
 * The CPU quota of this process's cgroup and of those around it, in cores; `Infinity`: there is none, or it
 * cannot be read.
 * @param root the folder that has `proc` and `sys`
 */
export function cpuQuota(root = '/'): number {
  let quota = Number.POSITIVE_INFINITY;
  // Lines of `number:controllers:path`; version 2 has the number 0 and names no controllers.
  for (const line of read(join(root, 'proc/self/cgroup')).split('\n')) {
    const [number, controllers, ...rest] = line.split(':');
    const path = rest.join(':');
    if (number === '0' && controllers === '') {
      quota = Math.min(quota, quotaAlong(join(root, 'sys/fs/cgroup'), path, quotaV2));
    } else if (controllers?.split(',').includes('cpu')) {
      for (const folder of V1_FOLDERS)
        quota = Math.min(quota, quotaAlong(join(root, 'sys/fs/cgroup', folder), path, quotaV1));
    }
  }
  return quota;
}

/**
 * The least quota from a cgroup up to the root of the hierarchy. Inside of a container the path may be that
 * of the host, of which only the root is there.
 */
function quotaAlong(mount: string, path: string, quotaOf: (folder: string) => number): number {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  let quota = Number.POSITIVE_INFINITY;
  for (let depth = names.length; depth >= 0; depth--)
    quota = Math.min(quota, quotaOf(join(mount, ...names.slice(0, depth))));
  return quota;
}

/** `cpu.max`: quota and period, in µs, as in `150000 100000`; the quota may be `max`. */
function quotaV2(folder: string): number {
  const [quota, period] = read(join(folder, 'cpu.max')).trim().split(/\s+/);
  return share(quota, period);
}

function quotaV1(folder: string): number {
  return share(read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us')));
}

/** No quota is `max` in version 2, -1 in version 1, and nothing where there is no such file. */
function share(quota: string | undefined, period: string | undefined): number {
  const cores = Number.parseInt(quota ?? '', 10) / Number.parseInt(period ?? '', 10);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

/** Empty where there is no such file, or it may not be read. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
