/** A machine as a service: from its start to its end by a signal. */
import { hostname } from 'node:os';
import { type Machine, serve } from '../../cluster/index.js';
import type { BalancerOptions } from '../../index.js';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { moduleAddress, servedAddress } from '../module-address.js';
import type { Watch } from '../watch.js';
import { isWatched } from '../watch-options.js';
import { EngineLog } from './engine-log.js';
import { type HealthAnswers, listen } from './health.js';
import type { Log } from './log.js';
import { metricsOf } from './metrics.js';
import type { WorkOptions } from './options.js';
import { PidFile } from './pid-file.js';
import { type Listener, PortHandover } from './port-handover.js';
import { Signals } from './signals.js';

/** Time until the log says that something takes long, in ms. */
const LATE_MS = 5_000;
const EARLY = 'ended before it was ready';
const LATE = 'not ready yet: a module is still loading, or the engine does not answer';

export interface ServiceEvents {
  /** The machine takes jobs. @param what a description of it */
  ready(what: string): Promise<void>;
}

/** Serves until a signal ends it. Rejects where it cannot start. */
export async function runService(options: WorkOptions, log: Log, events: ServiceEvents): Promise<void> {
  const pidFile = options.pidFile === undefined ? undefined : new PidFile(options.pidFile);
  if (options.upgrade) pidFile?.mustYield();
  else pidFile?.mustBeFree();
  const signals = new Signals(() => reopen(log));
  log.info('starting', { pid: process.pid, host: hostname(), modules: options.modules.join(' ') });
  const late = setTimeout(() => log.warn(LATE), LATE_MS);
  const starting = serve(modulesOf(options), serveOptions(options)).finally(() => clearTimeout(late));
  const machine = await Promise.race([starting, signals.ended]);
  if (machine === undefined) {
    log.info(EARLY);
    signals.die();
    return;
  }
  const ports = new PortHandover(() => (options.upgrade ? pidFile?.owner : undefined));
  let health: Listener | undefined;
  let watch: Watch | undefined;
  try {
    logEvents(machine, log);
    watch = await watchOf(machine, options, ports, log);
    if (options.healthPort !== undefined) {
      health = await listenForHealth(machine, options.healthPort, signals, ports, log);
    }
    if (signals.hasEnded) {
      // It takes over from nobody.
      await machine.close({ timeout: 0 });
      await stopWatch(watch, log);
      log.info(EARLY);
      signals.die();
      return;
    }
    const predecessor = pidFile?.take(options.upgrade);
    ports.from(predecessor);
    const what = describe(machine);
    log.info('ready', {
      machine: machine.id,
      threads: machine.stats().threads,
      tasks: machine.tasks.join(' '),
    });
    await events.ready(what);
    signals.onReload = () => void reload(machine, signals, log);
    if (predecessor !== undefined) endPredecessor(predecessor, log);
    await signals.ended;
    if (pidFile?.owner !== undefined) {
      // The one that has taken over answers now.
      void health?.close();
      watch?.stopDashboard();
    }
    watch?.stopProfiles();
    await end(machine, options.shutdownTimeout, signals, log);
    await stopWatch(watch, log);
  } catch (error) {
    await machine.close({ timeout: 0 });
    throw error;
  } finally {
    void health?.close();
    pidFile?.leave();
  }
}

/** Checks that it could run, and takes no job. Returns what it would serve. Rejects where it could not. */
export async function tryService(options: WorkOptions): Promise<string> {
  const machine = await serve(modulesOf(options), { ...serveOptions(options), share: 0 });
  const tasks = machine.tasks.map((name) => `  ${name}\n`).join('');
  await machine.close({ timeout: options.shutdownTimeout });
  return tasks;
}

export function describe(machine: Machine): string {
  const { threads, tasks } = machine.stats();
  return `machine ${machine.id} serves ${counted(tasks.length, 'task')} on ${counted(threads, 'thread')}`;
}

function modulesOf({ modules }: WorkOptions): (string | URL)[] {
  return modules.map((module) => servedAddress(module, true));
}

function serveOptions(options: WorkOptions): Parameters<typeof serve>[1] {
  const balancer: BalancerOptions = {
    workers: options.workers,
    preload: options.preload.map(moduleAddress),
    maxHeapPerWorker: options.maxMemory,
    maxRequestsPerWorker: options.maxRequests,
    env: Object.keys(options.env).length === 0 ? undefined : { ...process.env, ...options.env },
    // Requests may run for any time: their submitters say how long.
    heartbeat: false,
  };
  return {
    ...options.engine,
    name: options.name,
    prefix: options.prefix,
    lockDuration: options.lockDuration,
    engineTimeout: options.engineTimeout,
    maxPayload: options.maxPayload,
    share: options.share,
    limiter: options.limiter,
    keepFailed: options.keepFailed,
    balancer,
  };
}

async function end(machine: Machine, timeout: number, signals: Signals, log: Log): Promise<void> {
  const { running } = machine.stats();
  log.info('ending: takes nothing new', { running, timeout });
  signals.onHurry = () => {
    log.warn('ending at once: what runs goes to other machines');
    void machine.close({ timeout: 0 });
  };
  await machine.close({ timeout });
  const { jobs, items } = machine.stats();
  log.info('ended', { items, ...jobs });
}

function reopen(log: Log): void {
  try {
    log.reopen();
  } catch (error) {
    log.error('the log goes on where it was', { error: messageOf(error) });
  }
}

async function reload(machine: Machine, signals: Signals, log: Log): Promise<void> {
  try {
    log.info('loading the modules anew');
    await machine.reload();
    log.info('loaded anew', { tasks: machine.tasks.join(' ') });
  } catch (error) {
    if (signals.hasEnded) log.info('not loaded anew: it is ending');
    else log.error('not loaded anew: all stays as it was', { error: messageOf(error) });
  }
}

function endPredecessor(pid: number, log: Log): void {
  try {
    process.kill(pid, 'SIGTERM');
    log.info('took over; the process before is ending', { pid });
  } catch {
    // It has ended by itself.
  }
}

async function watchOf(
  { balancer }: Machine,
  { watch }: WorkOptions,
  ports: PortHandover,
  log: Log,
): Promise<Watch | undefined> {
  if (!isWatched(watch)) return undefined;
  const failed = noPort(log, `no page at --dashboard ${watch.dashboard}`);
  // Loaded only where somebody wants to see it.
  const { startWatch } = await import('../watch.js');
  const tell = (url: string): void => log.info('dashboard', { url });
  return await startWatch(balancer, watch, tell, (attempt, { listening }) =>
    ports.listen(attempt, { listening, failed }),
  );
}

function noPort(log: Log, what: string): (error: unknown) => void {
  return (error) => log.error(what, { error: messageOf(error) });
}

/** What it could not write is no reason for a service to fail. */
async function stopWatch(watch: Watch | undefined, log: Log): Promise<void> {
  try {
    await watch?.stop();
  } catch (error) {
    log.error('what was watched is not complete', { error: messageOf(error) });
  }
}

function logEvents(machine: Machine, log: Log): void {
  machine.on('job', ({ id, task, items, outcome, failures, ms, error }) => {
    const fields = { id, task, items, outcome, failures, ms: Math.round(ms) };
    if (outcome === 'lost')
      log.warn('job not run again: its machine was lost; its submitter is told', fields);
    else if (outcome === 'rejected') log.debug('job', { ...fields, error: messageOf(error) });
    else log.debug('job', fields);
  });
  const engineLog = new EngineLog(log);
  machine.on('engineError', (error) => engineLog.failed(error));
  machine.on('engineBack', () => engineLog.answersAgain());
  const { balancer } = machine;
  balancer.on('workerEnd', ({ id, exitCode, cause, expected }) => {
    if (!expected) log.warn('a thread has ended', { thread: id, exitCode, error: messageOf(cause) });
  });
  balancer.on('workerEjected', ({ id, reason }) =>
    log.warn('a thread is replaced', { thread: id, reason: String(reason) }),
  );
}

function messageOf(error: unknown): string | undefined {
  return error === undefined ? undefined : error instanceof Error ? error.message : String(error);
}

async function listenForHealth(
  machine: Machine,
  port: number,
  signals: Signals,
  ports: PortHandover,
  log: Log,
): Promise<Listener> {
  const answers: HealthAnswers = {
    unready() {
      if (signals.hasEnded) return 'ending';
      if (!machine.stats().connected) return 'the engine does not answer';
      const { workers } = machine.balancer.stats();
      return workers.some(({ state }) => state === 'ready') ? undefined : 'no thread is ready';
    },
    metrics: metricsOf(machine),
    stats: () => ({ machine: machine.stats(), balancer: machine.balancer.stats() }),
  };
  try {
    return await ports.listen(() => listen(port, answers), {
      listening: (server) => log.info('health', { url: `http://127.0.0.1:${server.port}/healthz` }),
      failed: noPort(log, `no answers on --health-port ${port}`),
    });
  } catch (error) {
    const code = errnoOf(error);
    throw code === undefined ? error : new UsageError(`--health-port ${port}: ${describeErrno(code)}`);
  }
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
