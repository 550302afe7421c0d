import type {
  BalancerStats,
  Distribution,
  MetricsReader,
  MetricsSnapshot,
  OutcomeCounts,
  OutputLine,
  RequestMessage,
  RequestOutcome,
  RunningStats,
  TaskMetrics,
  WorkerCrashedError,
  WorkerStats,
} from 'leastwork';
import { Balancer, Router } from 'leastwork';
import { restoreContext } from 'leastwork/task';
import { expectType } from './expect.js';

declare const worker: WorkerStats;
declare const outcome: keyof OutcomeCounts;
declare const line: OutputLine;
declare const message: RequestMessage;
declare const crash: WorkerCrashedError;

const balancer = new Balancer({ name: 'images', metrics: true, output: 'event' });

// @ts-expect-error `output` is a word.
new Balancer({ output: true });
// @ts-expect-error so is the name.
new Balancer({ name: 1 });

const stats = balancer.stats();
expectType<BalancerStats>()(stats, true);
expectType<OutcomeCounts>()(stats.outcomes, true);
expectType<number | undefined>()(stats.maxQueue, true);
expectType<RunningStats | undefined>()(worker.running, true);
expectType<RequestOutcome>()(outcome, true);
// @ts-expect-error a snapshot is not to be changed.
stats.outcomes.fulfilled = 1;
// @ts-expect-error no such outcome.
stats.outcomes.lost;

const metrics = balancer.metrics();
expectType<MetricsReader>()(metrics.reader(), true);
expectType<MetricsSnapshot>()(metrics.reader().read(), true);
expectType<Distribution>()(metrics.snapshot().runTime, true);
expectType<readonly TaskMetrics[]>()(metrics.snapshot().tasks, true);

balancer.on('output', (given) => expectType<OutputLine>()(given, true));
expectType<number | undefined>()(line.request, true);
expectType<RequestOutcome | undefined>()(message.outcome, true);
expectType<string>()(crash.stderr, true);
expectType<number>()(crash.workerId, true);
expectType<number>()(new Router({ '*': balancer }).totals().refusals['no-route'], true);

const stop = restoreContext((carrier, run) => {
  expectType<Readonly<Record<string, string>>>()(carrier, true);
  return run();
});
expectType<() => void>()(stop, true);
// @ts-expect-error what the task gives must be given on.
restoreContext(() => 1);
