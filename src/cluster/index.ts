/** `leastwork/cluster`: the same calls, run by many machines. */
export { Cluster } from './cluster.js';
export type { ClusterLimits, ClusterOptions, ClusterSubmitOptions } from './cluster-options.js';
export type { ClusterEvents, ClusterStats, MachineSnapshot } from './cluster-stats.js';
export {
  EngineError,
  LocalOnlyError,
  MachineLostError,
  MalformedMessageError,
  NoMachineError,
  PayloadTooLargeError,
} from './errors.js';
export type { JobReport } from './job-report.js';
export { Machine, type MachineEvents, type MachineStats } from './machine.js';
export type {
  CommonEngineOptions,
  EngineOptions,
  PostgresEngineOptions,
  PostgresOptions,
  PostgresPool,
  RedisClient,
  RedisEngineOptions,
  RedisOptions,
} from './options.js';
export { leastworkProcessor, type ProcessedJob } from './processor.js';
export { serve } from './serve.js';
export type { LimiterOptions, MachineOptions, ServeOptions } from './serve-options.js';
