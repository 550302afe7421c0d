import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { CRASHES, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

const bytesOf = (n: number) => new Uint8Array(1000).fill(n);
/** Ends in which the thread can still send back what it has not started. */
const orderly = CRASHES.filter(({ how }) => how !== 'out of memory').map(({ how }) => how);

// The requests of a session are sent ahead to its worker; others wait where what was transferred with them
// could be lost.
describe('arguments that were transferred to a thread that died before it started them', () => {
  it.each(orderly)('come back, and run elsewhere (%s)', (how) =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const buffer = Buffer.alloc(1000, 2);
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
        { sum: 3000, length: 1000, kind: 'Uint8Array' },
        { sum: 2000, length: 1000, kind: 'Buffer' },
        { sum: 1000, length: 1000, kind: 'Uint8Array' },
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
      expect(await last).toMatchObject({ sum: 4000 });
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
      expect(await copied).toMatchObject({ sum: 1000 });
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
      expect(await copied).toMatchObject({ sum: 1000 });
    }));

  it('are not sent ahead at all where nothing binds them to the thread', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const own = bytesOf(3);
      await ready(balancer, 1);
      const victim = balancer.submit(faults.crash, ['out of memory', gate.words]);
      const waiting = balancer.submit(faults.describeBytes, [own], { transfer: [own.buffer] });
      await gate.reached();
      expect(own.byteLength).toBe(1000);
      gate.open();
      await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      expect(await waiting).toMatchObject({ sum: 3000 });
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
      expect(own.byteLength).toBe(1000);
      gate.open();
      expect(await waiting).toMatchObject({ sum: 5000 });
    }));
});

// Whether the thread's last message or its end is heard first is not ours to say; where it is the message,
// what was sent upon it is lost.
it('are not sent to a thread that is known to be dead, as its last messages are received', async () => {
  const lost: unknown[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
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
      const running = [balancer.submit(brief), balancer.submit(vanish, [true])];
      const bytes = new ArrayBuffer(1_000);
      const moved = balancer.submit(take, [bytes], { transfer: [bytes] });
      await turn();
      await turn();
      // Everything happens while the main thread is busy.
      const end = performance.now() + 60;
      while (performance.now() < end);
      await fates(running);
      lost.push((await fates([moved]))[0] === 'ERR_WORKER_CRASHED');
    });
  }
  expect(lost).toContain(false);
});
