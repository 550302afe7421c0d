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
});
