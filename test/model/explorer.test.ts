import { describe, expect, it } from 'vitest';
import { explore } from './explorer.js';
import { type ActorModel, type Model, type Steps, Violation } from './model.js';

const shared = new SharedArrayBuffer(64);
const words = new Int32Array(shared);
const buffers = new Map([[shared, 'm']]);
const cells = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`m.${i}`, 0]));

type Ghost = Record<string, number>;
type Step = Steps<Ghost>;

const model = (
  given: Partial<Model<Ghost>> & { actors: ActorModel<never, Ghost>[] | ActorModel<number, Ghost>[] },
): Model<Ghost> => ({
  cells,
  buffers,
  queues: ['q'],
  ghost: {},
  ended: ({ actors }) => actors.every(({ next }) => next === undefined),
  ...given,
});
/** An actor that does one thing once. */
const once = (name: string, act: (steps: Step) => void): ActorModel<number, Ghost> => ({
  name,
  local: 0,
  activity: (_, steps) => {
    act(steps);
    return undefined;
  },
});

describe('the explorer walks every interleaving', () => {
  it('finds the lost update of two unsynchronised increments, with a shortest trace', () => {
    const increment = () => Atomics.store(words, 0, Atomics.load(words, 0) + 1);
    const run = () =>
      explore(
        model({
          actors: [once('A', increment), once('B', increment)],
          invariant: ({ cells: now, actors }) =>
            actors.every(({ next }) => next === undefined) && now['m.0'] !== 2
              ? 'an update is lost'
              : undefined,
        }),
      );
    expect(run).toThrow(Violation);
    expect(run).toThrow(
      /an update is lost\n +1 {2}A: read m\.0 = 0\n +2 {2}B: read m\.0 = 0\n +3 .*\n +4 .*\n +state/,
    );
  });

  it('passes the same with atomic increments, in exactly the states that there are', () => {
    const increment = () => Atomics.add(words, 0, 1);
    const all = explore(
      model({
        actors: [once('A', increment), once('B', increment)],
        invariant: ({ cells: now, actors }) =>
          actors.every(({ next }) => next === undefined) && now['m.0'] !== 2
            ? 'an update is lost'
            : undefined,
      }),
    );
    expect(all).toEqual({ states: 4, steps: 5, ends: 1 });
  });

  it('finds a sleeper that is not woken, but not where its time may run out', () => {
    const sleeper = (limit?: number) => once('sleeper', () => Atomics.wait(words, 0, 0, limit));
    const waker = once('waker', () => {
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
    });
    expect(explore(model({ actors: [sleeper(), waker] })).ends).toBeGreaterThan(0);
    const forgets = once('forgets', () => Atomics.store(words, 0, 1));
    expect(() => explore(model({ actors: [sleeper(), forgets] }))).toThrow('no end can be reached');
    expect(() => explore(model({ actors: [sleeper(10), forgets] }))).toThrow('no end can be reached');
  });

  it("shows Dekker's flags to be right, and a forgotten second look to be wrong", () => {
    const side = (mine: number, other: number, looks: boolean) => (steps: Step) => {
      Atomics.store(words, mine, 1);
      if (looks && Atomics.load(words, other) === 1) return;
      steps.note((ghost) => {
        ghost.inside = (ghost.inside ?? 0) + 1;
      });
    };
    const both = (looks: boolean) => () =>
      explore(
        model({
          actors: [once('A', side(0, 1, true)), once('B', side(1, 0, looks))],
          invariant: ({ ghost }) => (ghost.inside === 2 ? 'both are inside' : undefined),
        }),
      );
    expect(both(true)).not.toThrow();
    expect(both(false)).toThrow('both are inside');
  });

  it('repeats nothing that was noted: an activity of many steps is run again and again', () => {
    const twice = once('A', (steps) => {
      for (let i = 0; i < 3; i++) {
        Atomics.add(words, 0, 1);
        steps.note((ghost) => {
          ghost.count = (ghost.count ?? 0) + 1;
        });
      }
    });
    const counts = ({ ghost, cells: now }: { ghost: Ghost; cells: Record<string, number> }) =>
      (ghost.count ?? 0) === now['m.0'] ? undefined : 'the count is off';
    expect(explore(model({ actors: [twice], invariant: counts })).states).toBe(4);
  });

  it('notes once what was noted before a sleep', () => {
    const sleeper = once('sleeper', (steps) => {
      Atomics.add(words, 1, 1);
      steps.note((ghost) => {
        ghost.before = (ghost.before ?? 0) + 1;
      });
      Atomics.wait(words, 0, 0, 10);
      steps.note((ghost) => {
        ghost.after = (ghost.after ?? 0) + 1;
      });
    });
    const waker = once('waker', () => {
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
    });
    const all = explore(
      model({
        actors: [sleeper, waker],
        invariant: ({ ghost, actors }) =>
          actors[0]!.next === undefined && (ghost.before !== 1 || ghost.after !== 1)
            ? JSON.stringify(ghost)
            : undefined,
      }),
    );
    expect(all.ends).toBeGreaterThan(0);
  });

  it('tries every choice, and every moment of a death', () => {
    const seen = new Set<string>();
    explore(
      model({
        deaths: 1,
        actors: [
          {
            ...once('A', (steps) => {
              steps.write(`m.${steps.choose(3, 'which')}`, 1);
              steps.write('m.3', 1);
            }),
            died: ({ ghost }) => {
              ghost.dead = 1;
            },
          },
        ],
        invariant: ({ cells: now, ghost }) => {
          seen.add(`${Object.values(now).join('')}${ghost.dead ?? 0}`);
          return undefined;
        },
      }),
    );
    expect([...seen].sort()).toEqual([
      '00000',
      '00001',
      '00100',
      '00101',
      '00110',
      '01000',
      '01001',
      '01010',
      '10000',
      '10001',
      '10010',
    ]);
  });

  it('hands messages over in order, and waits for them', () => {
    const sender = once('sender', (steps) => {
      steps.send('q', 1);
      steps.send('q', 2);
    });
    const receiver = once('receiver', (steps) => {
      steps.check(steps.receive('q') === 1, 'first');
      steps.check(steps.receive('q') === 2, 'second');
    });
    expect(explore(model({ actors: [sender, receiver] })).ends).toBe(1);
    expect(() => explore(model({ actors: [receiver] }))).toThrow('no end can be reached');
  });

  it('puts the global Atomics back', () => {
    const real = globalThis.Atomics;
    expect(() =>
      explore(
        model({
          actors: [
            once('A', () => {
              throw new Error('bug');
            }),
          ],
        }),
      ),
    ).toThrow('bug');
    expect(globalThis.Atomics).toBe(real);
  });
});
