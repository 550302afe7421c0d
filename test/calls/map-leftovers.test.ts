import { describe, expect, it } from 'vitest';
import type { MapBudget } from '../../dist/src/calls/map-budget.js';
import { MapIntake } from '../../dist/src/calls/map-intake.js';
import type { MapRequests } from '../../dist/src/calls/map-requests.js';
import type { MapSender } from '../../dist/src/calls/map-sender.js';
import type { ChunkSizes } from '../../dist/src/calls/map-sizes.js';
import type { MapSource } from '../../dist/src/calls/map-source.js';

/** An intake with two leftovers, where making space calls back before there is any. */
function intakeOf(onSpace: (intake: MapIntake) => void): { intake: MapIntake; left: () => number } {
  let left = 2;
  let calls = 0;
  const sender: Partial<MapSender> = {
    get hasLeftovers() {
      return left > 0;
    },
    sendLeftover() {
      expect(left).toBeGreaterThan(0);
      left--;
    },
  };
  const requests: Partial<MapRequests> = {
    makeSpace() {
      if (++calls === 1) onSpace(intake);
      return true;
    },
  };
  const intake: MapIntake = new MapIntake(
    requests as MapRequests,
    { isOver: true } as MapSource,
    {} as ChunkSizes,
    {} as MapBudget,
    sender as MapSender,
    { opened() {}, sourceEnded() {}, sourceFailed() {} },
  );
  return { intake, left: () => left };
}

describe('while space is made in the queue, completions are read', () => {
  it('and what is left is sent once', () => {
    const { intake, left } = intakeOf((self) => self.pull());
    intake.pull();
    expect(left()).toBe(0);
  });

  it('and the map may end: then nothing is sent', () => {
    const { intake, left } = intakeOf((self) => self.end());
    intake.pull();
    expect(left()).toBe(2);
  });
});
