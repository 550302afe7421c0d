import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it } from 'vitest';
import { FlowControl } from '../../dist/src/protocol/flow-control.js';
import { Memory, windowBytes } from '../../dist/src/protocol/layout.js';

describe('flow control', () => {
  let flow: FlowControl;
  beforeEach(() => {
    flow = new FlowControl(new Memory(new SharedArrayBuffer(windowBytes(2))));
  });

  it('has room until the limit is reached, also through the wrap of the counts', () => {
    for (const start of [0, 0x7fff_fff0, -8]) {
      flow.received(start | 0);
      expect(flow.awaitRoom((start + 63) | 0, 64, 0)).toBe(true);
      expect(flow.awaitRoom((start + 64) | 0, 64, 0)).toBe(false);
      flow.received((start + 1) | 0);
      expect(flow.awaitRoom((start + 64) | 0, 64, 0)).toBe(true);
    }
  });

  it('waits once in vain, and again only when something has been received', () => {
    expect(flow.awaitRoom(64, 64, 1)).toBe(false);
    // Would wait for ever.
    expect(flow.awaitRoom(65, 64, Number.POSITIVE_INFINITY)).toBe(false);
    flow.received(1);
    expect(flow.awaitRoom(66, 64, 1)).toBe(false);
    flow.received(40);
    expect(flow.awaitRoom(66, 64, Number.POSITIVE_INFINITY)).toBe(true);
  });

  it('has no room for messages that are held, until they are released', () => {
    for (let count = 1; count <= 64; count++) {
      flow.received(count);
      flow.hold();
    }
    // One of them was counted before it was held.
    expect(flow.awaitRoom(65, 64, 0)).toBe(false);
    flow.release();
    expect(flow.awaitRoom(64, 64, 0)).toBe(true);
    expect(flow.awaitRoom(127, 64, 0)).toBe(true);
    expect(flow.awaitRoom(128, 64, 0)).toBe(false);
  });

  it('waits on as long as there are signs of life', async () => {
    const shared = new SharedArrayBuffer(windowBytes(2));
    const main = new FlowControl(new Memory(shared));
    const worker = new Worker(
      `import { parentPort, workerData } from 'node:worker_threads';
      const { FlowControl } = await import(workerData.flow);
      const { Memory } = await import(workerData.layout);
      parentPort.postMessage('waits');
      parentPort.postMessage(new FlowControl(new Memory(workerData.shared)).awaitRoom(64, 64, 1_000));
      process.exit();`,
      {
        eval: true,
        workerData: {
          shared,
          flow: new URL('../../dist/src/protocol/flow-control.js', import.meta.url).href,
          layout: new URL('../../dist/src/protocol/layout.js', import.meta.url).href,
        },
      },
    );
    await once(worker, 'message');
    const answer = once(worker, 'message');
    for (let i = 0; i < 30; i++) {
      main.showLife();
      await sleep(50);
    }
    main.received(32);
    expect((await answer)[0]).toBe(true);
  });
});
