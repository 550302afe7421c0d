/** Options of `serveDashboard`. */
import { integerIn, resolveFields } from '../options/validate.js';

export interface DashboardOptions {
  /** The port at 127.0.0.1: an integer from 0 to 65,535, where 0 means any free one. Default 7777. */
  port?: number;
}

export const DEFAULT_PORT = 7777;

/** @throws InvalidOptionError */
export function dashboardOptions(options: DashboardOptions): Required<DashboardOptions> {
  return resolveFields<Required<DashboardOptions>>('serveDashboard options', options, {
    port: [DEFAULT_PORT, integerIn(0, 65_535)],
  });
}
