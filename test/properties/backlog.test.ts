import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../dist/src/requests/backlog.js';
import type { Request } from '../../dist/src/requests/request.js';

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.nat(40), seed: fc.nat() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(10_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('put back' as const), count: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take all' as const) }) },
);

const SESSIONS = [1, 2].map(() => ({ bind: () => undefined, settled() {} }));

/** One request, as the backlog sees it, what it counts as, and its place among those of one priority. */
interface Entry {
  readonly request: Request;
  priority: number;
  place: number;
}

/** What leaves next: the most urgent, of these the one that came first. */
function next(list: readonly Entry[]): Entry | undefined {
  return list.toSorted((a, b) => b.priority - a.priority || a.place - b.place)[0];
}

/** The one that waits longest; those of one priority are taken to be in the order of their age. */
function oldest(list: readonly Entry[]): Entry | undefined {
  const firsts = [...new Set(list.map(({ priority }) => priority))].map((priority) =>
    next(list.filter((entry) => entry.priority === priority)),
  );
  return firsts.toSorted((a, b) => (a as Entry).request.id - (b as Entry).request.id)[0];
}

describe('a backlog', () => {
  it.each([
    ['of one priority', 1],
    ['of several priorities', 4],
  ])('%s is a list, the most urgent first, from which anything can be taken', (_, priorities) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.boolean(), (steps, startsLong) => {
        const backlog = new Backlog();
        const list: Entry[] = [];
        let id = 0;
        let last = 0;
        let first = 0;
        const push = (count: number, seed = 0): void => {
          for (let i = 0; i < count; i++) {
            const random = (Math.imul(id + seed, 0x9e3779b1) >>> 8) % (3 * priorities);
            const session = SESSIONS[Math.floor(random / priorities)];
            const request = { id: id++, priority: random % priorities, extras: { session } };
            const before = list.filter((other) => session && other.request.extras?.session === session);
            const least = Math.min(request.priority, ...before.map(({ priority }) => priority));
            const entry = { request: request as unknown as Request, priority: least, place: ++last };
            const isFirst = list.every((other) => request.priority > other.priority);
            expect(backlog.lets(entry.request)).toBe(isFirst && before.length === 0);
            backlog.push(entry.request);
            list.push(entry);
          }
        };
        const remove = (entry: Entry): void => {
          list.splice(list.indexOf(entry), 1);
          expect(backlog.remove(entry.request)).toBe(true);
          expect(backlog.remove(entry.request)).toBe(false);
        };
        /** Takes some, and puts them back, each session's in order and ahead of the session's others. */
        const putBack = (count: number): void => {
          const taken: Entry[] = [];
          for (let entry = next(list); entry !== undefined && taken.length < count; entry = next(list)) {
            remove(entry);
            taken.push(entry);
          }
          first -= taken.length;
          for (const [i, entry] of taken.entries()) {
            const { session } = entry.request.extras as { session?: object };
            const others = taken.slice(0, i).filter((other) => other.request.extras?.session === session);
            entry.place = first + i;
            entry.priority = entry.request.priority;
            if (session)
              for (const other of others) entry.priority = Math.min(entry.priority, other.priority);
          }
          for (const session of SESSIONS) {
            const of = (entry: Entry) => entry.request.extras?.session === session;
            const low = taken.findLast(of)?.priority ?? Number.POSITIVE_INFINITY;
            const later = list.filter(of).toSorted((a, b) => b.priority - a.priority || a.place - b.place);
            if ((later[0]?.priority ?? low) <= low) continue;
            let least = low;
            for (const entry of later) {
              least = Math.min(least, entry.request.priority);
              entry.priority = least;
              entry.place = ++last;
            }
          }
          list.push(...taken);
          list.sort((a, b) => a.request.id - b.request.id);
          backlog.putBack(taken.map(({ request }) => request));
        };
        // Long enough for its list to be made anew.
        if (startsLong) {
          push(2_000);
          while (list.length > 100) remove(list[list.length >> 1] as Entry);
        }
        for (const each of steps) {
          if (each.kind === 'push') push(each.count, each.seed);
          else if (each.kind === 'put back') putBack(each.count);
          else if (each.kind === 'remove') {
            if (list.length > 0) remove(list[each.at % list.length] as Entry);
          } else if (each.kind === 'take all') {
            expect(backlog.takeAll()).toEqual(list.splice(0).map(({ request }) => request));
          } else {
            for (let i = 0; i < each.count; i++) {
              const entry = next(list);
              if (entry !== undefined) list.splice(list.indexOf(entry), 1);
              expect(backlog.shift()).toBe(entry?.request);
            }
          }
          expect(backlog.length).toBe(list.length);
          expect(backlog.first).toBe(next(list)?.request);
          expect(backlog.oldest).toBe(oldest(list)?.request);
        }
        expect([...backlog]).toEqual(list.map(({ request }) => request));
      }),
      { numRuns: 40 },
    );
  });

  it('of a session: one that is withdrawn makes those behind it no less urgent', () => {
    const backlog = new Backlog();
    const [session] = SESSIONS;
    const [first, withdrawn, last] = [5, 1, 5].map(
      (priority, id) => ({ id, priority, extras: { session } }) as unknown as Request,
    ) as [Request, Request, Request];
    const other = { id: 3, priority: 3 } as unknown as Request;
    for (const request of [first, withdrawn]) backlog.push(request);
    backlog.remove(withdrawn);
    for (const request of [other, last]) backlog.push(request);
    expect([backlog.shift(), backlog.shift(), backlog.shift()]).toEqual([first, last, other]);
  });
});
