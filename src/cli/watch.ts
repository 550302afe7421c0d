/** Watches the Balancer of a command: trace, profiles, dashboard. */
import { type Dashboard, serveDashboard } from '../dashboard/index.js';
import { type Balancer, BalancerError } from '../index.js';
import type { WatchOptions } from './watch-options.js';

export interface Watch {
  /** Writes what is left. Rejects where a file could not be written. */
  stop(): Promise<void>;
}

/** @param tell prints a line to standard error */
export async function startWatch(
  balancer: Balancer,
  { trace: file, cpuProf, dashboard: port }: WatchOptions,
  tell: (line: string) => void,
): Promise<Watch> {
  const trace = file === undefined ? undefined : balancer.trace(file);
  const dashboard = port === undefined ? undefined : await serve(balancer, port);
  if (dashboard !== undefined) tell(`dashboard: ${dashboard.url}`);
  const end = new AbortController();
  const profiles =
    cpuProf === undefined ? undefined : balancer.profile({ directory: cpuProf, signal: end.signal });
  // A failure is told at the end.
  profiles?.catch(() => {});
  return {
    async stop() {
      end.abort();
      await dashboard?.close();
      await trace?.stop();
      await profiles;
    },
  };
}

async function serve(balancer: Balancer, port: number | 'any'): Promise<Dashboard> {
  if (port !== 'any') return await serveDashboard(balancer, { port });
  try {
    return await serveDashboard(balancer);
  } catch (error) {
    if (!(error instanceof BalancerError) || error.code !== 'ERR_DASHBOARD_PORT') throw error;
    return await serveDashboard(balancer, { port: 0 });
  }
}
