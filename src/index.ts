/// <reference types="node" preserve="true" />
export { Balancer } from './balancer.js';
export type { BalancerEvents } from './balancer-events.js';
export type { BalancerOptions } from './balancer-options.js';
export { Session, type SessionEvents } from './calls/session.js';
export { type CloseOnSignalOptions, closeOnSignal } from './closing/close-on-signal.js';
export {
  BalancerClosedError,
  BalancerError,
  CapturedVariableError,
  InvalidOptionError,
  NoRouteError,
  NotAFunctionError,
  NotCloneableError,
  NoWorkerError,
  QueueFullError,
  TaskNotFoundError,
  TaskTimeoutError,
  WorkerCrashedError,
} from './errors/errors.js';
export type { WorkerEjectionReason } from './health/supervisor.js';
export type {
  QueueFullMessage,
  RequestMessage,
  WorkerEjectionMessage,
  WorkerEndMessage,
  WorkerStartMessage,
} from './ledger/channels.js';
export type { OutcomeCounts, Refusal, RefusalCounts, RequestOutcome } from './ledger/outcome.js';
export type { Distribution } from './metrics/histogram.js';
export type { Metrics, MetricsReader, MetricsSnapshot, TaskMetrics } from './metrics/snapshot.js';
export type { BroadcastOptions } from './options/broadcast.js';
export type { CloseOptions } from './options/close.js';
export type { HeartbeatOptions } from './options/heartbeat.js';
export type { MapOutcome, MapResults } from './options/outcome.js';
export type {
  ConsecutiveFailuresOptions,
  FailurePercentageOptions,
  OutlierOptions,
  SuccessRateOptions,
} from './options/outlier.js';
export type { MapOptions, RetryOptions, SubmitOptions } from './options/submit.js';
export type {
  Duration,
  HashConfig,
  LeastRequestConfig,
  NoConfig,
  PeakEwmaConfig,
  PickFirstConfig,
  PolicyCandidate,
  PolicyConfig,
  PolicyConfigs,
  PolicyName,
  PolicyOption,
  WeightedByLoadConfig,
} from './policies/index.js';
export type { Outcome, Policy, PolicyContext, RequestView, WorkerView } from './policies/policy.js';
export type { BroadcastOutcome } from './pool/broadcasts.js';
export type { CircuitSnapshot, CircuitState } from './pool/circuit.js';
export type { ThreadCounts } from './pool/thread-counts.js';
export type { ProfileDuration, ProfileOptions } from './profile/options.js';
export type { CpuProfile, MissingProfile, WorkerProfile, WorkerProfiles } from './profile/profile.js';
export type { Carrier } from './protocol/messages.js';
export type { Broadcast, Routed, RoutedOutcome } from './router/broadcast.js';
export { routeName } from './router/route-name.js';
export { Router, type RouterStats, type Submitter } from './router/router.js';
export type { BalancerStats } from './stats/stats.js';
export type { StatsTotals } from './stats/totals.js';
export type { RunningStats, WorkerStats } from './stats/worker-stats.js';
export { type Tasks, tasks } from './tasks/handles.js';
export type { TraceOptions } from './trace/options.js';
export type { Trace } from './trace/trace.js';
export type { WorkerState } from './worker/state.js';
export type { OutputLine } from './worker/task-output.js';
