import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Balancer, type BroadcastOutcome, NoWorkerError } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const folder = scratch();

const FAULT = path.join(folder, 'fault');
/** Threads come up only where none of them is there, and the first few not at all. */
const alone = (failing: number) => ({
  preload: [new URL('../fixtures/faults/alone.mjs', import.meta.url)],
  workerData: new Int32Array(new SharedArrayBuffer(8)).fill(failing, 0, 1),
});
const preload = [new URL('../fixtures/faults/preload.mjs', import.meta.url)];
const env = { ...process.env, FAULT };

const submitMany = (balancer: Balancer) =>
  Array.from({ length: 10 }, (_, i) => balancer.submit(faults.echo, [i]));

/** What becomes of `submitMany` where nothing fails. */
const submitted = Array.from({ length: 10 }, (_, i) => i);

describe('a thread that cannot start', () => {
  it.each([
    ['an unknown option', { execArgv: ['--no-such-flag'] }, 'no-such-flag'],
    [
      'an --import that throws',
      { execArgv: ['--import', 'data:text/javascript,throw new Error("import failed")'] },
      'import failed',
    ],
    ['a preload that throws', { preload, env, fault: 'throws' }, 'preload failed on purpose'],
    ['a preload that exits', { preload, env, fault: 'exits' }, 'exit code 5'],
    [
      'a preload that throws, where unhandled rejections are only warned of',
      { preload, env, fault: 'throws', execArgv: ['--unhandled-rejections=warn'] },
      'preload failed on purpose',
    ],
    [
      'a preload that throws, where something in the thread handles what is uncaught',
      {
        preload,
        env,
        fault: 'throws',
        execArgv: ['--import', 'data:text/javascript,process.on("uncaughtException",()=>{})'],
      },
      'preload failed on purpose',
    ],
    ['a preload that does not exist', { preload: ['file:///no/such/module.mjs'] }, 'no/such/module.mjs'],
    ['an entry that does not exist', { entry: 'file:///no/such/entry.mjs' }, 'no/such/entry.mjs'],
  ])(
    '%s: requests fail with the cause',
    async (_name, { fault, ...options }: Record<string, unknown>, text) => {
      if (fault !== undefined) writeFileSync(FAULT, fault as string);
      await withSmallBalancer({ workers: 2, ...options }, async (balancer) => {
        const waiting = submitMany(balancer);
        const error = await waiting[0]!.catch((reason: unknown) => reason as NoWorkerError);
        expect(error).toBeInstanceOf(NoWorkerError);
        expect(error).toMatchObject({ code: 'ERR_NO_WORKER' });
        expect((error as Error).message).toContain(text);
        expect((error as { cause: Error }).cause.message).toContain(text);
        expect(new Set(await fates(waiting))).toEqual(new Set(['ERR_NO_WORKER']));
        // From now on at once, not after some more attempts.
        expect(await fates(submitMany(balancer))).toEqual(new Array(10).fill('ERR_NO_WORKER'));
        expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0 });
        expect(['open', 'half-open']).toContain(balancer.stats().circuit.state);
      });
    },
  );

  it('fails no request while others are still coming up', async () => {
    writeFileSync(FAULT, 'fails in 3');
    await withSmallBalancer({ workers: 5, preload, env }, async (balancer) => {
      const waiting = submitMany(balancer);
      // Two may end in the same turn.
      await until(() => balancer.stats().threads.ended === 3);
      const later = submitMany(balancer);
      rmSync(FAULT);
      expect(await fates([...waiting, ...later])).toEqual([...submitted, ...submitted]);
      expect(balancer.stats().circuit.state).toBe('closed');
    });
  });

  it('fails no request where all that start at once fail, and one of them alone would come up', async () => {
    await withSmallBalancer({ workers: 5, ...alone(5) }, async (balancer) => {
      expect(await fates(submitMany(balancer))).toEqual(submitted);
    });
  });

  it('is started at once where another thread has ended that took what it lacked', async () => {
    await withSmallBalancer({ workers: 2, inline: true, ...alone(0) }, async (balancer) => {
      await balancer.submit(faults.echo, [0]);
      await until(() => balancer.stats().circuit.state === 'open');
      const waiting = [balancer.submit(() => process.exit(7)), ...submitMany(balancer)];
      expect(await fates(waiting)).toEqual(['ERR_WORKER_CRASHED', ...submitted]);
    });
  });

  it('has no share in a broadcast, which runs on the others and on its successor', async () => {
    const own = path.join(folder, 'broadcasts');
    writeFileSync(own, 'fails in 2');
    const options = { workers: 4, preload, env: { ...env, FAULT: own }, inline: true } as const;
    await withSmallBalancer(options, async (balancer) => {
      const set = (level: number) => Object.assign(globalThis, { level }).level;
      const done = balancer.broadcast(set, [3]);
      const wrong = balancer.broadcast(() => {
        throw new Error('broadcast on purpose');
      });
      await until(() => balancer.stats().threads.ended === 2);
      rmSync(own);
      const sorted = (outcomes: readonly BroadcastOutcome<unknown>[]) =>
        outcomes
          .map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))
          .map((end) => (end instanceof NoWorkerError ? end.code : end instanceof Error ? end.message : end))
          .sort();
      expect(sorted(await done)).toEqual([3, 3, 'ERR_NO_WORKER', 'ERR_NO_WORKER']);
      const purpose = 'broadcast on purpose';
      expect(sorted(await wrong)).toEqual(['ERR_NO_WORKER', 'ERR_NO_WORKER', purpose, purpose]);
      // It is not in the way of those that come later, and those on which it has failed have not ended.
      await until(() => balancer.stats().workers.filter(({ state }) => state === 'ready').length === 4);
      const ids = balancer.stats().workers.map(({ id }) => id);
      for (const { worker, status } of await done) expect(ids.includes(worker)).toBe(status === 'fulfilled');
      const read = () => (globalThis as { level?: number }).level;
      expect(sorted(await balancer.broadcast(read, [], { later: false }))).toEqual([3, 3, 3, 3]);
    });
  });

  it('fails no request while one is being added that may come up', async () => {
    writeFileSync(FAULT, 'throws');
    await withSmallBalancer({ preload, env }, async (balancer) => {
      expect(await fates(submitMany(balancer))).toEqual(new Array(10).fill('ERR_NO_WORKER'));
      writeFileSync(FAULT, 'fails in 0');
      // While the circuit is open a start is refused at once.
      let adding: Promise<number> | undefined;
      while (balancer.stats().workers.length === 0) {
        adding = balancer.add();
        adding.catch(() => {});
        await turn();
      }
      const waiting = submitMany(balancer);
      rmSync(FAULT);
      expect(await fates(waiting)).toEqual(submitted);
    });
  });

  it('is tried again, and then everything works again', async () => {
    writeFileSync(FAULT, 'throws');
    await withSmallBalancer({ preload, env }, async (balancer) => {
      expect(await fates(submitMany(balancer))).toEqual(new Array(10).fill('ERR_NO_WORKER'));
      rmSync(FAULT);
      await once(balancer, 'workerStart');
      expect(balancer.stats().circuit).toMatchObject({ state: 'closed', failures: 0, cause: undefined });
      expect(await fates(submitMany(balancer))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  });

  it('costs a waiting request nothing when the next attempt succeeds', async () => {
    writeFileSync(FAULT, 'exits');
    await withSmallBalancer({ preload, env }, async (balancer) => {
      const waiting = submitMany(balancer);
      const [{ exitCode, expected }] = await once(balancer, 'workerEnd');
      expect({ exitCode, expected }).toEqual({ exitCode: 5, expected: false });
      rmSync(FAULT);
      expect(await fates(waiting)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  });

  it('in the place of one that died: what that one had runs on another, which idles', async () => {
    rmSync(FAULT, { force: true });
    await withSmallBalancer({ workers: 2, preload, env }, async (balancer) => {
      await ready(balancer, 2);
      writeFileSync(FAULT, 'throws');
      const gate = new Gate();
      const session = balancer.session();
      const victim = session.submit(faults.crash, ['exit', gate.words]);
      // Only the session keeps these from the one that idles.
      const behind = [1, 2, 3].map((i) => session.submit(faults.echo, [i]));
      await gate.reached();
      gate.open();
      expect(await fates([victim, ...behind])).toEqual(['ERR_WORKER_CRASHED', 1, 2, 3]);
      rmSync(FAULT);
    });
  });

  it('wakes those who wait in ready()', async () => {
    writeFileSync(FAULT, 'throws');
    await withSmallBalancer({ preload, env, maxQueue: 1 }, async (balancer) => {
      const waiting = balancer.submit(faults.echo, [1]);
      const [, fate] = await Promise.all([balancer.ready(), fates([waiting])]);
      expect(fate).toEqual(['ERR_NO_WORKER']);
      rmSync(FAULT);
    });
  });

  it('rejects resize, add and reload; the workers that run go on', async () => {
    rmSync(FAULT, { force: true });
    await withSmallBalancer({ preload, env }, async (balancer) => {
      await once(balancer, 'workerStart');
      writeFileSync(FAULT, 'throws');
      const before = balancer.stats().workers[0]!.id;
      await expect(balancer.reload()).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      await expect(balancer.add()).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      await expect(balancer.resize(2)).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      expect(await fates(submitMany(balancer))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(balancer.stats().workers.find(({ id }) => id === before)?.state).toBe('ready');
      rmSync(FAULT);
      await balancer.resize(1);
    });
  });
});
