import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Poller } from '../../dist/src/dispatch/poller.js';

describe('the main thread goes to sleep', () => {
  it('only after it has seen a completion that was coalesced before a long run', async () => {
    // The worker completes a short request, does not announce it and starts a long one, all while the main
    // thread is about to ask.
    let lies = false;
    let taken = 0;
    const poller = new Poller(new SharedArrayBuffer(4), {
      look() {
        if (lies) taken++;
        lies = false;
        return taken;
      },
      isMeasured: false,
      ended() {},
      hasResults: () => lies,
      nextResult: () => (taken === 0 ? 10 : undefined),
      mayCoalesce() {
        lies = taken === 0;
        return false;
      },
    });
    poller.arm();
    for (let i = 0; i < 3; i++) await turn();
    expect(taken).toBe(1);
    poller.stop();
  });
});
