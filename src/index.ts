export { Balancer, type BalancerEvents } from './balancer.js';
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
export type { MapOptions } from './map.js';
export type { BalancerOptions, SubmitOptions } from './options.js';
export type { PolicyConfig, PolicyName, PolicyOption } from './policies/index.js';
export type { Outcome, Policy, PolicyContext, RequestView, WorkerView } from './policies/policy.js';
export { Session, type SessionEvents } from './session.js';
export { type CloseOnSignalOptions, closeOnSignal } from './shutdown.js';
export type { BalancerStats, WorkerStats } from './stats.js';
export { type Tasks, tasks } from './tasks.js';
