import {
  Balancer,
  type BroadcastOutcome,
  type MapOutcome,
  type MapResults,
  type RoutedOutcome,
  Router,
  type Session,
  tasks,
} from 'leastwork';
import { context, transfer } from 'leastwork/task';
import { expectType } from './expect.js';

interface Module {
  sha256(bytes: Uint8Array): Promise<string>;
  numbers(n: number): Generator<number>;
  image: { resize(width: number, height?: number): Uint8Array };
}
declare const balancer: Balancer;
declare const session: Session;
const handles = tasks<Module>(new URL('file:///module.js'));
const router = new Router({ 'image/*': balancer, '*': balancer });

// Balancer, Session and Router infer alike.
for (const target of [balancer, session, router]) {
  expectType<Promise<number>>()(
    target.submit((a, b) => a + b, [1, 2]),
    true,
  );
  expectType<Promise<string>>()(target.submit(handles.sha256, [new Uint8Array(1)]), true);
  expectType<Promise<Uint8Array>>()(target.submit(handles.image.resize, [3]), true);
  // @ts-expect-error of the wrong type
  target.submit(handles.sha256, ['text']);
  // @ts-expect-error an unknown option
  target.submit(() => 1, [], { timeuot: 1 });
}

// A signal, a port or a buffer is an argument like any other.
expectType<Promise<boolean>>()(
  balancer.submit((signal) => signal.aborted, [new AbortController().signal]),
  true,
);
expectType<Promise<number>>()(
  balancer.submit((bytes) => bytes.fill(0).length, [new Uint8Array(1)], {
    transfer: [new ArrayBuffer(1)],
    signal: AbortSignal.timeout(1),
    onProgress: (value) => void value,
    context: { user: 7 },
  }),
  true,
);

// Streams: of generators, and of what gives an iterable.
for (const target of [balancer, router]) {
  expectType<AsyncGenerator<number, void, undefined>>()(target.stream(handles.numbers, [3]), true);
  expectType<AsyncGenerator<string, void, undefined>>()(
    target.stream(async (text: string) => text.split(' '), ['a b']),
    true,
  );
  // @ts-expect-error of the wrong type
  target.stream(handles.numbers, ['3']);
  // @ts-expect-error nothing to stream
  target.stream(handles.sha256, [new Uint8Array(1)]);
}

// Maps: the item is the task's only argument.
for (const target of [balancer, router]) {
  const lengths = target.map(new Set(['a']), (text) => text.length, {
    ordered: false,
    batch: 'auto',
    retry: { attempts: 3, delay: 1, when: (error, item) => error instanceof Error && item !== 'b' },
    submit: { timeout: 5 },
  });
  expectType<MapResults<string, number>>()(lengths, true);
  expectType<{ readonly index: number; readonly item: string } | undefined>()(lengths.failed, true);
  const bytes = [new Uint8Array(1)];
  expectType<MapResults<(typeof bytes)[number], string>>()(target.map(bytes, handles.sha256), true);
  async function* source() {
    yield 1;
  }
  expectType<MapResults<number, boolean>>()(
    target.map(source(), (n) => n > 0),
    true,
  );
  for await (const outcome of target.mapSettled(source(), async (n) => `${n}`)) {
    expectType<MapOutcome<number, string>>()(outcome, true);
    expectType<number>()(outcome.item, true);
    if (outcome.status === 'fulfilled') expectType<string>()(outcome.value, true);
    else expectType<unknown>()(outcome.reason, true);
    // @ts-expect-error only of one that is fulfilled
    void outcome.value;
  }
  // @ts-expect-error no such batch
  target.map([1], (n) => n, { batch: 'all' });
  // @ts-expect-error how often
  target.map([1], (n) => n, { retry: { delay: 1 } });
  target.mapSettled([1], (n) => n, {
    retry: { attempts: 2, when: (_error, item) => item.toFixed() === '1' },
  });
  // @ts-expect-error the items are numbers
  target.map([1], (n) => n, { retry: { attempts: 2, when: (_error, item) => item.length > 1 } });
  // @ts-expect-error items of the wrong type
  target.map(['text'], handles.sha256);
  // @ts-expect-error a transfer list is of one request
  target.map([1], (n) => n, { submit: { transfer: [] } });
}

// What is marked keeps its type.
declare const image: Uint8Array;
expectType<Uint8Array>()(transfer(image, [image.buffer]), true);
expectType<unknown>()(context.value, true);
expectType<AbortSignal>()(context.signal, true);

// @ts-expect-error an unknown option
new Balancer({ threads: 4 });
// @ts-expect-error not a number
new Balancer({ workers: '4' });

// Broadcasts infer as `submit` does; each worker has its outcome.
expectType<Promise<BroadcastOutcome<string>[]>>()(
  balancer.broadcast(handles.sha256, [new Uint8Array(1)], { name: 'warm', later: false, timeout: 5 }),
  true,
);
expectType<Promise<BroadcastOutcome<number>[]>>()(
  balancer.broadcast(async () => 1),
  true,
);
for (const outcome of await balancer.broadcast((a, b) => a + b, [1, 2])) {
  expectType<number>()(outcome.slot, true);
  if (outcome.status === 'fulfilled') expectType<number>()(outcome.value, true);
  else expectType<unknown>()(outcome.reason, true);
}
// @ts-expect-error of the wrong type
balancer.broadcast(handles.sha256, ['text']);
// @ts-expect-error an option of `submit`
balancer.broadcast(() => 1, [], { priority: 1 });

expectType<Promise<RoutedOutcome<string>[]>>()(
  router.broadcast(handles.sha256, [new Uint8Array(1)], { name: 'warm' }),
  true,
);
for (const outcome of await router.broadcast(() => 1)) {
  expectType<string>()(outcome.route, true);
  if (outcome.status === 'fulfilled') expectType<number>()(outcome.value, true);
}
// @ts-expect-error of the wrong type
router.broadcast(handles.sha256, ['text']);
// A Router of a Router.
new Router({ '*': router }).broadcast(() => 1);

// Workers: when they are ready, which one a thread is.
expectType<Promise<void>>()(balancer.workersReady(2), true);
expectType<Promise<void>>()(router.workersReady(), true);
expectType<{ readonly id: number; readonly slot: number }>()(context.worker, true);
new Balancer({ workerData: { any: 'thing' }, teardownTimeout: 1_000 });

// An exported promise of a function is a task like the function.
const { late } = tasks<{ late: Promise<(text: string) => number>; never: Promise<string> }>('late');
expectType<Promise<number>>()(balancer.submit(late, ['text']), true);
