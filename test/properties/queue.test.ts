import fc from 'fast-check';
import { describe, it } from 'vitest';
import { Queue } from '../../dist/src/requests/queue.js';
import { Request, RequestExtras } from '../../dist/src/requests/request.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';

const task = new TaskRef(
  { kind: 'module', id: 1, name: 't', url: 'file:///t.js', base: 'file:///', path: ['t'] },
  false,
);
const LAST_ID = 2 ** 30;

/** A request with its place in the order of submission. */
interface Entry {
  readonly request: Request;
  readonly priority: number;
  readonly age: number;
}

/** What the queue should be: a list that is sorted by priority, then by age. */
class Model {
  readonly queue = new Queue();
  waiting: Entry[] = [];
  /** Taken out and not settled: in some window. */
  taken: Entry[] = [];
  #age = 0;
  #markedTo = 0;
  #id: number;

  constructor(firstId: number) {
    this.#id = firstId;
  }

  push(priority: number): void {
    const extras = priority === 0 ? undefined : Object.assign(new RequestExtras(), { priority });
    const request = new Request(this.#id, task, undefined, extras);
    request.promise().catch(() => {});
    this.#id = this.#id === LAST_ID ? 1 : this.#id + 1;
    this.queue.push(request);
    this.#enter({ request, priority, age: this.#age++ });
  }

  shift(): void {
    const expected = this.waiting.shift();
    equal(this.queue.peek()?.id, expected?.request.id, 'peek');
    equal(this.queue.shift()?.id, expected?.request.id, 'shift');
    if (expected !== undefined) this.taken.push(expected);
  }

  /** In any order, as several windows are taken back. */
  putBack(pick: number, count: number): void {
    for (let i = 0; i < count && this.taken.length > 0; i++) {
      const [entry] = this.taken.splice(pick % this.taken.length, 1) as [Entry];
      this.queue.pushBack(entry.request);
      this.#enter(entry);
    }
  }

  complete(pick: number): void {
    if (this.taken.length === 0) return;
    const [entry] = this.taken.splice(pick % this.taken.length, 1) as [Entry];
    entry.request.resolve(1);
  }

  /** An abort or a timeout; `late`: it is settled only after the queue was told. */
  forget(pick: number, late: boolean): void {
    if (this.waiting.length === 0) return;
    const [entry] = this.waiting.splice(pick % this.waiting.length, 1) as [Entry];
    if (!late) entry.request.resolve(1);
    this.queue.forget(entry.request);
    if (late) entry.request.resolve(1);
  }

  takeAll(): void {
    equal(
      [...this.queue.takeAll()].map(({ id }) => id),
      ids(this.waiting),
      'takeAll',
    );
    this.taken.push(...this.waiting.splice(0));
  }

  /** Requests that wait now are marked, also after they have been taken and put back. */
  mark(): void {
    this.queue.mark(this.#id === 1 ? LAST_ID : this.#id - 1);
    // Before the first request there is none to be marked.
    this.#markedTo = this.#age;
  }

  check(): void {
    const hasMarked = this.waiting.some(({ age }) => age < this.#markedTo);
    equal(this.queue.hasMarked, hasMarked, 'hasMarked');
    equal(this.queue.size, this.waiting.length, 'size');
    equal(this.queue.peek()?.id, this.waiting[0]?.request.id, 'peek');
  }

  #enter(entry: Entry): void {
    const after = this.waiting.findIndex(
      ({ priority, age }) => priority < entry.priority || (priority === entry.priority && age > entry.age),
    );
    this.waiting.splice(after < 0 ? this.waiting.length : after, 0, entry);
  }
}

const ids = (entries: readonly Entry[]) => entries.map(({ request }) => request.id);

function equal(given: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(given), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}

const priority = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1, 0.5, -0, 7));
const pick = fc.nat(10_000);
const step: fc.Arbitrary<(model: Model) => void> = fc.oneof(
  { weight: 6, arbitrary: priority.map((p) => (model: Model) => model.push(p)) },
  { weight: 4, arbitrary: fc.constant((model: Model) => model.shift()) },
  {
    weight: 2,
    arbitrary: fc.tuple(pick, fc.nat(6)).map(
      ([at, n]) =>
        (model: Model) =>
          model.putBack(at, n),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(pick, fc.boolean()).map(
      ([at, late]) =>
        (model: Model) =>
          model.forget(at, late),
    ),
  },
  { weight: 1, arbitrary: pick.map((at) => (model: Model) => model.complete(at)) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.takeAll()) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.mark()) },
);
/** Ids wrap in the middle of a run. */
const firstId = fc.constantFrom(1, LAST_ID - 40, LAST_ID);

describe('the queue is a list sorted by priority, then by age', () => {
  it('under any mixture of push, shift, putting back, forgetting and taking all', () => {
    fc.assert(
      fc.property(firstId, fc.array(step, { maxLength: 200 }), (first, steps) => {
        const model = new Model(first);
        for (const apply of steps) {
          apply(model);
          model.check();
        }
        model.takeAll();
        model.check();
      }),
      { numRuns: 500 },
    );
  });

  it('also when so many are forgotten that it is compacted, in the middle of chunks and of what was put back', () => {
    const many = fc.record({
      pushed: fc.integer({ min: 1_400, max: 3_500 }),
      shifted: fc.integer({ min: 0, max: 1_200 }),
      back: fc.integer({ min: 0, max: 60 }),
      keepEach: fc.integer({ min: 2, max: 700 }),
      after: fc.array(step, { maxLength: 60 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(1, LAST_ID - 1_000),
        priority,
        many,
        (first, p, { pushed, shifted, back, keepEach, after }) => {
          const model = new Model(first);
          for (let i = 0; i < pushed; i++) model.push(i % 5 === 0 ? p : 0);
          for (let i = 0; i < shifted; i++) model.shift();
          model.putBack(shifted >> 1, back);
          for (let at = 0; at < model.waiting.length; at++) {
            const run = Math.min(keepEach, model.waiting.length - at);
            for (let i = 1; i < run; i++) model.forget(at, i % 2 === 0);
          }
          model.check();
          for (const apply of after) {
            apply(model);
            model.check();
          }
          model.takeAll();
        },
      ),
      { numRuns: 40 },
    );
  });
});
