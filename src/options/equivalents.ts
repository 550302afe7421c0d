// Names that other pools have for options, and what each of them is here.

interface Equivalents {
  /** An option that only these options have. */
  readonly beside: string;
  /** By the other pool's name: what to write instead. */
  readonly words: ReadonlyMap<string, string>;
}

const equivalents = (beside: string, words: Record<string, string>): Equivalents => ({
  beside,
  words: new Map(Object.entries(words)),
});

const EQUIVALENTS: readonly Equivalents[] = [
  equivalents('maxRequestsPerWorker', {
    maxThreads: 'workers',
    minThreads: 'workers: { min, max }',
    maxWorkers: 'workers',
    minWorkers: 'workers: { min, max }',
    concurrency: 'workers',
    concurrentTasksPerWorker: 'workers',
    filename: 'submit(tasks(url).name, [arguments])',
    maxQueueSize: 'maxQueue',
    isolateWorkers: 'maxRequestsPerWorker: 1',
    maxMemoryLimitBeforeRecycle: 'maxHeapPerWorker, in MB',
    recordTiming: 'metrics: true',
    taskQueue: "submit's option priority",
    workerChoiceStrategy: 'policy',
  }),
  equivalents('transfer', {
    transferList: 'transfer',
    name: 'submit(tasks(url).name, [arguments])',
    filename: 'submit(tasks(url).name, [arguments])',
    on: 'onProgress',
  }),
  equivalents('ordered', {
    concurrency: 'new Balancer({ workers })',
    stopOnError: 'mapSettled',
  }),
];

/** What to write instead of an option of another pool. @param known the options that there are */
export function equivalentOf(option: string, known: readonly string[]): string | undefined {
  for (const { beside, words } of EQUIVALENTS) if (known.includes(beside)) return words.get(option);
  return undefined;
}
