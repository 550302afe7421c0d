import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../dist/src/requests/backlog.js';
import type { Request } from '../../dist/src/requests/request.js';

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take all' as const) }) },
);

describe('a backlog', () => {
  it('is a list from which anything can be taken', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.boolean(), (steps, startsLong) => {
        const backlog = new Backlog();
        const list: Request[] = [];
        let id = 0;
        const push = (count: number): void => {
          for (let i = 0; i < count; i++) {
            const request = { id: id++ } as Request;
            backlog.push(request);
            list.push(request);
          }
        };
        const remove = (at: number): void => {
          const [request] = list.splice(at, 1);
          expect(backlog.remove(request as Request)).toBe(true);
          expect(backlog.remove(request as Request)).toBe(false);
        };
        // Long enough for its list to be made anew.
        if (startsLong) {
          push(2_000);
          while (list.length > 100) remove(list.length >> 1);
        }
        for (const each of steps) {
          if (each.kind === 'push') push(each.count);
          else if (each.kind === 'remove') {
            if (list.length > 0) remove(each.at % list.length);
          } else if (each.kind === 'take all') {
            expect(backlog.takeAll()).toEqual(list.splice(0));
          } else {
            for (let i = 0; i < each.count; i++) expect(backlog.shift()).toBe(list.shift());
          }
          expect(backlog.length).toBe(list.length);
          expect(backlog.first).toBe(list[0]);
        }
        expect([...backlog]).toEqual(list);
      }),
      { numRuns: 60 },
    );
  });
});
