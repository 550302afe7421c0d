/** Watches the Balancer of a command: trace, profiles, dashboard. */
import { type Dashboard, serveDashboard } from '../dashboard/index.js';
import { type Balancer, BalancerError } from '../index.js';
import { makeFolder } from '../profile/make-folder.js';
import { describeErrno, errnoOf } from './files/errno.js';
import type { WatchOptions } from './watch-options.js';

/** How the dashboard gets its port: at once, or later. */
export type OpenDashboard = (
  attempt: () => Promise<Dashboard>,
  events: { listening(dashboard: Dashboard): void },
) => Promise<{ close(): void | Promise<void> }>;

export interface Watch {
  /** Lets go of its port. */
  stopDashboard(): void;
  /** Ends the profiles: they need threads that are there. */
  stopProfiles(): void;
  /** Writes what is left. Rejects where a file could not be written. */
  stop(): Promise<void>;
}

/** @param tell says where the page is. Rejects with `BalancerError`. */
export async function startWatch(
  balancer: Balancer,
  { trace: file, cpuProf, dashboard: port }: WatchOptions,
  tell: (url: string) => void,
  open: OpenDashboard = openAtOnce,
): Promise<Watch> {
  if (cpuProf !== undefined) await createFolder(cpuProf);
  const trace = file === undefined ? undefined : balancer.trace(file);
  const dashboard =
    port === undefined
      ? undefined
      : await open(() => serve(balancer, port), { listening: ({ url }) => tell(url) });
  const end = new AbortController();
  const profiles =
    cpuProf === undefined ? undefined : balancer.profile({ directory: cpuProf, signal: end.signal });
  // A failure is told at the end.
  profiles?.catch(() => {});
  const stopProfiles = (): void => end.abort();
  return {
    stopDashboard() {
      void dashboard?.close();
    },
    stopProfiles,
    async stop() {
      stopProfiles();
      await dashboard?.close();
      await trace?.stop();
      await profiles;
    },
  };
}

const openAtOnce: OpenDashboard = async (attempt, { listening }) => {
  const dashboard = await attempt();
  listening(dashboard);
  return dashboard;
};

/** What cannot be written at the end is told at the beginning. */
async function createFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    const why = describeErrno(errnoOf(error) ?? String(error));
    throw new BalancerError('ERR_PROFILE_FILE', `--cpu-prof ${folder}: ${why}`, { cause: error });
  }
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
