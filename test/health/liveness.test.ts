import { describe, expect, it } from 'vitest';
import { Liveness } from '../../dist/src/health/liveness.js';
import type { Worker } from '../../dist/src/worker/worker.js';

/** A worker as the main thread sees it: `pings` are answered at once. */
function worker(pending: number, runningRequest?: object) {
  const vitalSigns = {
    beats: 0,
    claims: 0,
    get progress() {
      return this.beats + this.claims;
    },
  };
  const commands = { ping: () => vitalSigns.beats++ };
  const seen = { id: 1, view: { pending }, runningRequest, vitalSigns, commands };
  return seen as typeof seen & Worker;
}

function looks(seen: Worker, each: (look: number) => void = () => {}): Worker[] {
  const liveness = new Liveness(100, false);
  for (let look = 0; look < 10; look++) {
    each(look);
    const silent = liveness.look([seen], look * 25);
    if (silent.length > 0) return silent;
  }
  return [];
}

describe('who has gone silent', () => {
  it('not one that idles and answers', () => {
    expect(looks(worker(0))).toEqual([]);
  });

  it('one that has requests and starts none, although its event loop answers', () => {
    const seen = worker(3);
    expect(looks(seen)).toEqual([seen]);
  });

  it('not one that starts them', () => {
    const seen = worker(3);
    expect(looks(seen, (look) => (seen.vitalSigns.claims = look >> 1))).toEqual([]);
  });

  it('not one that runs a request', () => {
    expect(looks(worker(3, {}))).toEqual([]);
  });
});
