import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Balancer, tasks, type WorkerProfile } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { allReady } from '../support/readiness.js';
import { scratch } from '../support/scratch.js';

const folder = scratch();
writeFileSync(
  join(folder, 'spins.mjs'),
  // A generator, as newer V8s show a function that was made a part of its caller before the profile as the caller.
  `function* spins(n) { for (let i = 0; i < n; i++) yield Math.sqrt(i); }
  export function sum(n) { let sum = 0; for (const root of spins(n)) sum += root; return sum; }`,
);
const { sum } = tasks(pathToFileURL(join(folder, 'spins.mjs')));

function functionsOf({ profile }: WorkerProfile): string[] {
  return profile.nodes.map(({ callFrame }) => callFrame.functionName);
}

describe('profile', () => {
  it('shows what each worker does', () =>
    withBalancer({ workers: 2, name: 'a/b' }, async (balancer) => {
      await allReady(balancer);
      const directory = join(folder, 'profiles', 'deep');
      const controller = new AbortController();
      const profiled = balancer.profile({ signal: controller.signal, directory, interval: 0.1 });
      await Promise.all(
        Array.from({ length: 30 }, () => balancer.submit(sum as (n: number) => number, [5e5])),
      );
      controller.abort();
      const profiles = await profiled;
      expect(profiles.map(({ worker }) => worker)).toEqual([1, 2]);
      expect(profiles.some((each) => functionsOf(each).includes('spins'))).toBe(true);
      for (const { file, profile, worker } of profiles) {
        expect(basename(file as string)).toBe(`a-b.worker-${worker}.cpuprofile`);
        expect(JSON.parse(readFileSync(file as string, 'utf8'))).toEqual(profile);
        expect(profile.endTime).toBeGreaterThan(profile.startTime);
      }
    }));

  it('names workers that compute on', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words]);
      running.catch(() => {});
      await gate.reached();
      const stuck = balancer.stats().workers.find((worker) => worker.running !== undefined)?.id;
      const profiles = await balancer.profile({ seconds: 0.05 });
      expect(profiles).toHaveLength(1);
      expect(profiles.missing).toEqual([{ worker: stuck, reason: expect.stringContaining('computes on') }]);
      const second = new Gate();
      const all = [running, balancer.submit(faults.blocked, [second.words])];
      for (const each of all) each.catch(() => {});
      await second.reached();
      await expect(balancer.profile({ seconds: 0.05 })).rejects.toMatchObject({
        code: 'ERR_NO_PROFILE',
        message: expect.stringMatching(/worker 1: .*computes on.*; worker 2: /),
      });
      gate.open();
      second.open();
      await Promise.all(all);
      expect((await balancer.profile({ seconds: 0.05 })).missing).toEqual([]);
    }));

  it('ends with its signal, and knows the threads of its own Balancer alone', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await withBalancer({ workers: 1 }, async (other) => {
        await allReady(balancer);
        await allReady(other);
        const controller = new AbortController();
        const both = [
          balancer.profile({ signal: controller.signal }),
          other.profile({ signal: controller.signal }),
        ];
        controller.abort();
        for (const profiles of await Promise.all(both)) {
          expect(profiles).toHaveLength(1);
          expect(profiles[0]?.file).toBeUndefined();
        }
      });
    }));

  it('leaves out a worker that ends meanwhile, and ends with the Balancer', async () => {
    const balancer = new Balancer({ workers: 1 });
    await allReady(balancer);
    const controller = new AbortController();
    const profiled = balancer.profile({ signal: controller.signal });
    profiled.catch(() => {});
    await balancer.submit(faults.crash, ['exit']).catch(() => {});
    await balancer.close();
    await expect(profiled).rejects.toMatchObject({ code: 'ERR_NO_PROFILE' });
    await expect(balancer.profile({ seconds: 1 })).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
  });

  it('refuses options that make no sense, and a folder that cannot be', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      for (const bad of [
        {},
        { seconds: 0 },
        { seconds: '1' },
        { signal: 1 },
        { seconds: 1, interval: 0 },
        undefined,
      ]) {
        await expect(balancer.profile(bad as { seconds: number })).rejects.toMatchObject({
          code: 'ERR_INVALID_OPTION',
        });
      }
      // Node's own `mkdir` tries for ever to make the last one.
      const none = process.platform === 'linux' ? ['/proc/none/deep'] : [];
      const file = join(folder, 'spins.mjs');
      for (const directory of [file, join(file, 'deep'), ...none]) {
        await expect(balancer.profile({ seconds: 1, directory })).rejects.toMatchObject({
          code: 'ERR_PROFILE_FILE',
        });
      }
      expect(existsSync(file)).toBe(true);
    }));
});
