import { availableCores } from '../../options/cpu-quota.js';
import { WATCH_HELP } from '../watch-options.js';

export const HELP = `Usage: leastwork work [OPTION]... MODULE...

Serves the functions that the MODULEs export to a cluster: takes requests from Redis, Valkey or PostgreSQL (by BullMQ), runs them on threads,
and sends results back. Programs call them by 'new Cluster(…).submit' of leastwork/cluster. It runs until a signal ends it. MODULE is
a path or a package, of JavaScript, or of TypeScript where this Node or its loader can read that.

Cluster
      --redis URL             the engine: redis://host:port, also rediss: and Valkey
      --postgres URL          the engine: postgres://user@host/database
                              Without either: LEASTWORK_REDIS or LEASTWORK_POSTGRES in the environment, which other users cannot see
      --name NAME             the cluster's name (default: leastwork)
      --prefix PREFIX         Redis: beginning of all keys (default: bull)
      --lock-duration TIME    how long a machine that says nothing keeps its jobs (default: 5s)
      --engine-timeout TIME   how long the engine may be out of reach at the start (default: 60s)
      --max-payload MB        longest arguments and longest result of one request (default: 1)
      --limit N/TIME          at most N jobs of a module in TIME, over all machines; as in 100/1s
      --keep-failed N         failed jobs that stay in the engine, to be looked at (default: 100)

Threads
  -j, --workers N             threads, or as in 2-16: as many as are needed (default: one for each core, here ${availableCores()})
      --share X               what this machine takes, relative to its threads: 0.01 to 100 (default: 1)
      --max-memory MB         replace a thread whose heap is larger
      --max-requests N        replace a thread after N requests
      --preload MODULE        load MODULE in each thread first; may be repeated
      --env NAME=VALUE        set an environment variable of the threads; may be repeated

Service
      --shutdown-timeout TIME how long running requests may take at the end; the rest goes to other machines (default: 30s)
      --health-port PORT      answer /healthz, /readyz, /metrics (needs prom-client) and /stats on 127.0.0.1
${WATCH_HELP.replaceAll(/^( {6}\S+ \S+) */gm, (_, option: string) => option.padEnd(30))}      --pid-file FILE         write the process id; refuse to run beside another one
      --upgrade               take over: when this one is ready, end the one of the pid file in good order
      --log-file FILE         write the log there, and not to standard error
      --log-format KIND       text or json: one object a line (default: text)
      --log-level LEVEL       debug (each job), info, warn or error (default: info)
      --daemon                go on in the background; returns when the machine is ready
      --dry-run               check that the modules load and the engine answers, list the tasks, and end
      --config FILE           options from FILE, section 'work', with 'module' for the MODULEs
                              (default: leastwork.config.{yaml,yml,json,js,mjs,cjs,ts,mts}, or leastwork.yaml, here or above)
  -h, --help                  print this
      --version               print the version

A TIME is as in 30, 500ms, 30s, 5m or 1h.

Signals: TERM and INT end it in good order: it takes nothing new, finishes what runs, and leaves the rest to others; a second one
ends it at once. HUP loads the modules anew, in fresh threads, and opens the log file anew; no request fails.

Exit code: 0 it was ended by a signal (by the signal itself where it was not ready yet); 2 it could not start.
`;
