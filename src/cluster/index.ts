/** `leastwork/cluster`: the same calls, run by many machines. */
export { Cluster, type ClusterEvents, type ClusterStats, type MachineSnapshot } from './cluster.js';
export type { ClusterOptions, ClusterSubmitOptions } from './cluster-options.js';
export {
  EngineError,
  LocalOnlyError,
  MachineLostError,
  MalformedMessageError,
  NoMachineError,
  PayloadTooLargeError,
} from './errors.js';
export type { JobReport } from './job-runs.js';
export { Machine, type MachineEvents, type MachineStats, serve } from './machine.js';
export type {
  EngineOptions,
  PostgresOptions,
  PostgresPool,
  RedisClient,
  RedisOptions,
} from './options.js';
export { leastworkProcessor, type ProcessedJob } from './processor.js';
export type { LimiterOptions, ServeOptions } from './serve-options.js';
