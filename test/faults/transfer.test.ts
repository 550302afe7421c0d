import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { CRASHES, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';
import { ready } from '../support/readiness.js';

/** More than is copied instead of being moved. */
const LARGE = 200_000;
const bytesOf = (n: number, length = LARGE) => new Uint8Array(length).fill(n);
/** Ends in which the thread can still send back what it has not started. */
const orderly = CRASHES.filter(({ how }) => how !== 'out of memory').map(({ how }) => how);

// The requests of a session are sent ahead to its worker; others wait where what was transferred with them
// could be lost.
describe('arguments that were transferred to a thread that died before it started them', () => {
  it.each(orderly)('come back, and run elsewhere (%s)', (how) =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const buffer = Buffer.alloc(LARGE, 2);
      const own = bytesOf(3);
      const { port1, port2 } = new MessageChannel();
      await ready(balancer, 1);
      const session = balancer.session();
      const victim = session.submit(faults.crash, [how, gate.words]);
      const waiting = [
        session.submit(faults.describeBytes, [own], { transfer: [own.buffer] }),
        session.submit(faults.describeBytes, [buffer], { transfer: [buffer.buffer] }),
        session.submit(faults.describeBytes, [bytesOf(1)]),
        session.submit(faults.ask, [port2], { transfer: [port2] }),
      ];
      await gate.reached();
      expect(own.byteLength).toBe(0);
      gate.open();
      await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      const question = await once(port1, 'message').catch(() => {});
      expect(question).toEqual(['question']);
      port1.postMessage('answer');
      expect(await Promise.all(waiting)).toEqual([
        { sum: 3 * LARGE, length: LARGE, kind: 'Uint8Array' },
        { sum: 2 * LARGE, length: LARGE, kind: 'Buffer' },
        { sum: LARGE, length: LARGE, kind: 'Uint8Array' },
        'answer',
      ]);
    }),
  );

  it('come back as often as threads die', () =>
    withSmallBalancer({}, async (balancer) => {
      await ready(balancer, 1);
      const own = bytesOf(4);
      const gates = [new Gate(), new Gate(), new Gate()];
      const session = balancer.session();
      const victims = gates.map((gate) => session.submit(faults.crash, ['exit', gate.words]));
      const last = session.submit(faults.describeBytes, [own], { transfer: [own.buffer] });
      for (const victim of victims) victim.catch(() => {});
      for (const gate of gates) {
        await gate.reached();
        expect(own.byteLength).toBe(0);
        gate.open();
      }
      expect(await fates(victims)).toEqual(new Array(3).fill('ERR_WORKER_CRASHED'));
      expect(await last).toMatchObject({ sum: 4 * LARGE });
    }));

  it('are lost where the thread ran out of memory: that request says so, others run', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(3);
      await ready(balancer, 1);
      const session = balancer.session();
      const victim = session.submit(faults.crash, ['out of memory', gate.words]);
      const lost = session.submit(faults.describeBytes, [own], { transfer: [own.buffer], retries: 5 });
      const copied = balancer.submit(faults.describeBytes, [bytesOf(1)]);
      await gate.reached();
      gate.open();
      await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      await expect(lost).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
        message: expect.stringContaining('transferred arguments'),
        cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
      });
      expect(await copied).toMatchObject({ sum: LARGE });
    }));

  it('are lost where the thread had to be ended', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(3);
      await ready(balancer, 1);
      const abort = new AbortController();
      const session = balancer.session();
      const victim = session.submit(faults.endless, [gate.words], { signal: abort.signal });
      const lost = session.submit(faults.describeBytes, [own], { transfer: [own.buffer] });
      const copied = balancer.submit(faults.describeBytes, [bytesOf(1)]);
      await gate.reached();
      abort.abort(new Error('enough'));
      await expect(victim).rejects.toThrow('enough');
      await expect(lost).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
        message: expect.stringContaining('transferred arguments'),
      });
      expect(await copied).toMatchObject({ sum: LARGE });
    }));

  it('are not sent ahead at all where nothing binds them to the thread', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(3);
      await ready(balancer, 1);
      const victim = balancer.submit(faults.crash, ['out of memory', gate.words]);
      const waiting = balancer.submit(faults.describeBytes, [own], { transfer: [own.buffer] });
      await gate.reached();
      expect(own.byteLength).toBe(LARGE);
      gate.open();
      await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      expect(await waiting).toMatchObject({ sum: 3 * LARGE });
    }));

  it('cannot be given to a second run, whatever `retries` says', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(3);
      const victim = balancer.submit(faults.crash, ['exit', gate.words, own], {
        transfer: [own.buffer],
        retries: 2,
      });
      await gate.reached();
      gate.open();
      await expect(victim).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
        exitCode: 7,
        message: expect.stringContaining('transferred'),
      });
      expect(balancer.stats().retried).toBe(0);
    }));

  it('are not sent to a thread that is ending already', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(5);
      await balancer.submit(faults.endSlowly, [gate.words]);
      await gate.reached();
      const waiting = balancer.submit(faults.describeBytes, [own], { transfer: [own.buffer] });
      // It is given to that thread: nobody knows of its end yet.
      await Promise.resolve();
      expect(balancer.stats()).toMatchObject({ waiting: 0, pending: 1 });
      expect(own.byteLength).toBe(LARGE);
      gate.open();
      expect(await waiting).toMatchObject({ sum: 5 * LARGE });
    }));
});

// They are copied, and their memory stays with the request.
describe('small byte arrays that are transferred', () => {
  const SMALL = 100_000;

  it.each(CRASHES.map(({ how }) => how))(
    'run elsewhere where their thread died before it started them (%s)',
    (how) =>
      withSmallBalancer({}, async (balancer) => {
        const gate = new Gate();
        const own = bytesOf(3, SMALL);
        const tiny = bytesOf(5, 10);
        const buffer = Buffer.alloc(SMALL, 2);
        await ready(balancer, 1);
        const session = balancer.session();
        const victim = session.submit(faults.crash, [how, gate.words]);
        const waiting = [own, tiny, buffer].map((bytes) =>
          session.submit(faults.describeBytes, [bytes], { transfer: [bytes.buffer] }),
        );
        await gate.reached();
        expect([own, tiny, buffer].map(({ length }) => length)).toEqual([0, 0, 0]);
        gate.open();
        await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
        expect(await Promise.all(waiting)).toEqual([
          { sum: 3 * SMALL, length: SMALL, kind: 'Uint8Array' },
          { sum: 50, length: 10, kind: 'Uint8Array' },
          { sum: 2 * SMALL, length: SMALL, kind: 'Buffer' },
        ]);
      }),
  );

  it('run elsewhere where their thread had to be ended', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(3, SMALL);
      await ready(balancer, 1);
      const abort = new AbortController();
      const session = balancer.session();
      const victim = session.submit(faults.endless, [gate.words], { signal: abort.signal });
      const waiting = session.submit(faults.describeBytes, [own], { transfer: [own.buffer] });
      await gate.reached();
      abort.abort(new Error('enough'));
      await expect(victim).rejects.toThrow('enough');
      expect(await waiting).toMatchObject({ sum: 3 * SMALL });
    }));

  it('are given to a second run, with `retries`', () =>
    withSmallBalancer({}, async (balancer) => {
      const own = bytesOf(3, SMALL);
      const diesOnce = (runs: Int32Array, bytes: Uint8Array) => {
        if (Atomics.add(runs, 0, 1) === 0) process.exit(7);
        return bytes[0];
      };
      const runs = new Int32Array(new SharedArrayBuffer(4));
      const run = balancer.submit(diesOnce, [runs, own], { transfer: [own.buffer], retries: 1 });
      expect(await run).toBe(3);
      expect(own.length).toBe(0);
      expect(balancer.stats().retried).toBe(1);
    }));

  it('are sent ahead, and taken back for a worker that idles', () =>
    withSmallBalancer({ workers: 2, window: 8 }, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 2);
      const blocked = balancer.submit(faults.blocked, [gate.words, 'done']);
      await gate.reached();
      const all = range(0, 40).map((n) => bytesOf(n, 50));
      const waiting = all.map((bytes) =>
        balancer.submit(faults.describeBytes, [bytes], { transfer: [bytes.buffer] }),
      );
      expect((await Promise.all(waiting)).map(({ sum }) => sum)).toEqual(range(0, 40).map((n) => 50 * n));
      gate.open();
      expect(await blocked).toBe('done');
    }));

  it('stay with the caller of a request that is rejected before it is sent', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const blocked = balancer.submit(faults.blocked, [gate.words, 'done']);
      await gate.reached();
      // Not sent ahead, since a task that has never run may be long, and some of them are ahead.
      const before = range(0, 20).map((n) => balancer.submit(faults.echo, [n]));
      const own = bytesOf(3, SMALL);
      const abort = new AbortController();
      const given = { transfer: [own.buffer], signal: abort.signal };
      const aborted = balancer.submit(faults.describeBytes, [own], given);
      abort.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');
      expect(own.length).toBe(SMALL);
      gate.open();
      await Promise.all([blocked, ...before]);
    }));
});

// Whether the thread's last message or its end is heard first is not ours to say; where it is the message,
// what was sent upon it is lost.
it('are not sent to a thread that is known to be dead, as its last messages are received', async () => {
  const lost: unknown[] = [];
  for (let attempt = 1; attempt <= 8 && !lost.includes(false); attempt++) {
    await withSmallBalancer({ window: 'auto' }, async (balancer) => {
      // As when it runs out of memory: none of its exit handlers is called.
      const vanish = (now: boolean) => now && (process as unknown as { reallyExit(): void }).reallyExit();
      const brief = () => {
        const end = performance.now() + 4;
        while (performance.now() < end);
      };
      const take = (bytes: ArrayBuffer) => bytes.byteLength;
      // Known to be short, so that what is transferred may be sent behind it.
      for (let i = 0; i < 30; i++) await balancer.submit(vanish, [false]);
      await balancer.submit(brief);
      const running = fates([balancer.submit(brief), balancer.submit(vanish, [true])]);
      const bytes = new ArrayBuffer(LARGE);
      const moved = fates([balancer.submit(take, [bytes], { transfer: [bytes] })]);
      await turn();
      await turn();
      // Everything happens while the main thread is busy; on a busy machine a thread takes longer to die.
      const end = performance.now() + 60 * attempt;
      while (performance.now() < end);
      await running;
      lost.push((await moved)[0] === 'ERR_WORKER_CRASHED');
    });
  }
  expect(lost).toContain(false);
});
