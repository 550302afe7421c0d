/// <reference types="node" preserve="true" />
export { Balancer, type BalancerEvents } from './balancer.js';
export type { MapOptions, SubmitOptions } from './call-options.js';
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
} from './errors.js';
export type { HeartbeatOptions } from './health/heartbeat-options.js';
export type {
  ConsecutiveFailuresOptions,
  FailurePercentageOptions,
  OutlierOptions,
  SuccessRateOptions,
} from './health/outlier-options.js';
export type { WorkerEjectionReason } from './health/supervisor.js';
export type { BalancerOptions } from './options.js';
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
export type { CircuitSnapshot, CircuitState } from './pool/circuit.js';
export { Router, type RouterStats, routeName, type Submitter } from './router.js';
export { Session, type SessionEvents } from './session.js';
export { type CloseOnSignalOptions, closeOnSignal } from './shutdown.js';
export type { BalancerStats, WorkerStats } from './stats.js';
export { type Tasks, tasks } from './tasks.js';
export type { WorkerState } from './view.js';
