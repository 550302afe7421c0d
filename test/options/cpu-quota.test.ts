import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { coresWithin, cpuQuota } from '../../dist/src/options/cpu-quota.js';

const folder = mkdtempSync(path.join(tmpdir(), 'leastwork-quota-'));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
/** A root folder with these files. */
function rootWith(files: Record<string, string>): string {
  const root = path.join(folder, String(++made));
  mkdirSync(root);
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return root;
}

describe('the CPU quota of a container', () => {
  it.each<[string, number, Record<string, string>]>([
    ['version 2', 1.5, { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' }],
    [
      'version 2, none',
      Number.POSITIVE_INFINITY,
      { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' },
    ],
    [
      'version 2, the least of a cgroup and those around it',
      0.5,
      {
        'proc/self/cgroup': '0::/a.slice/b:c.scope\n',
        'sys/fs/cgroup/a.slice/b:c.scope/cpu.max': '400000 100000\n',
        'sys/fs/cgroup/a.slice/cpu.max': '25000 50000\n',
      },
    ],
    [
      "version 2, where the path is the host's",
      2,
      { 'proc/self/cgroup': '0::/docker/0123456789\n', 'sys/fs/cgroup/cpu.max': '200000 100000\n' },
    ],
    [
      'version 1',
      2.5,
      {
        'proc/self/cgroup': '12:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n',
        'sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us': '250000\n',
        'sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us': '100000\n',
      },
    ],
    [
      'version 1, seen from inside',
      3,
      {
        'proc/self/cgroup': '4:cpu:/docker/1\n',
        'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
        'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
    ],
    [
      'version 1, none',
      Number.POSITIVE_INFINITY,
      {
        'proc/self/cgroup': '4:cpu:/\n0::/\n',
        'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
    ],
    ['no cgroups', Number.POSITIVE_INFINITY, {}],
    [
      'nonsense',
      Number.POSITIVE_INFINITY,
      { 'proc/self/cgroup': 'what\n::\n0::/\n', 'sys/fs/cgroup/cpu.max': '\n' },
    ],
  ])('%s', (_, quota, files) => {
    expect(cpuQuota(rootWith(files))).toBe(quota);
  });

  it('bounds the number of cores: rounded up, and one at least', () => {
    expect(coresWithin(8, Number.POSITIVE_INFINITY)).toBe(8);
    expect(coresWithin(8, 16)).toBe(8);
    expect(coresWithin(8, 2)).toBe(2);
    expect(coresWithin(8, 1.5)).toBe(2);
    expect(coresWithin(8, 0.1)).toBe(1);
  });
});
