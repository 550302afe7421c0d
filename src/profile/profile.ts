/** CPU profiles of workers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BalancerError } from '../errors/errors.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { makeFolder } from './make-folder.js';
import type { ProfileSettings } from './options.js';

/** A CPU profile as V8 makes it: what a `.cpuprofile` file holds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly scriptId: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
    readonly hitCount?: number;
    readonly children?: readonly number[];
  }[];
  /** In µs. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

export interface WorkerProfile {
  /** Id of the worker. */
  readonly worker: number;
  readonly profile: CpuProfile;
  /** Path of its file, if a directory was given. */
  readonly file: string | undefined;
}

/** A worker of which there is no profile. */
export interface MissingProfile {
  /** Id of the worker. */
  readonly worker: number;
  /** In words: its thread has ended, computes on, or has an inspector that is taken. */
  readonly reason: string;
}

/** The profiles, by the worker's id. */
export interface WorkerProfiles extends ReadonlyArray<WorkerProfile> {
  /** Workers of which there is none. Empty as a rule. */
  readonly missing: readonly MissingProfile[];
}

/** How long to wait for the answers of threads, in ms: one that computes does not hear of the end. */
const ANSWER_MS = 2_000;
const STUCK = `its thread computes on, and has not answered within ${ANSWER_MS / 1000} s`;

/** What a profile needs of a Balancer. */
export interface Profiled {
  readonly name: string;
  /** Calls the listener when the Balancer is closed. @returns it will not be called any more */
  onClosed(listener: () => void): () => void;
}

export interface ProfiledWorker {
  readonly id: number;
  readonly profiling: { start(interval: number): StartedProfile };
}

/** One profile, from its start. */
interface StartedProfile {
  readonly result: Promise<{ readonly profile: string } | { readonly why: string }>;
  stop(): void;
}

/** Profiles all workers that there are. */
export async function profileWorkers(
  { ms, signal, directory, interval }: ProfileSettings,
  profiled: Profiled,
  workers: () => Iterable<ProfiledWorker>,
): Promise<WorkerProfiles> {
  const folder = directory === undefined ? undefined : await createFolder(directory);
  const { name } = profiled;
  const onClosed: Profiled['onClosed'] = (listener) => profiled.onClosed(listener);
  const started = Array.from(workers(), ({ id, profiling }) => ({ id, ...profiling.start(interval) }));
  await over(ms, signal, onClosed);
  for (const { stop } of started) stop();
  const late = new AbortController();
  const tooLate = over(ANSWER_MS, late.signal, onClosed).then(() => undefined);
  const answers = await Promise.all(
    started.map(async ({ id, result }) => ({ id, answer: await Promise.race([result, tooLate]) })),
  );
  late.abort();
  const profiles: WorkerProfile[] = [];
  const missing: MissingProfile[] = [];
  for (const { id, answer } of answers) {
    if (answer === undefined || 'why' in answer) {
      missing.push({ worker: id, reason: answer?.why ?? STUCK });
      continue;
    }
    const file = folder === undefined ? undefined : join(folder, fileName(name, id));
    if (file !== undefined) await write(file, answer.profile);
    profiles.push({ worker: id, profile: JSON.parse(answer.profile), file });
  }
  if (profiles.length === 0 && missing.length > 0)
    throw new BalancerError('ERR_NO_PROFILE', `no profile: ${reasons(missing)}`);
  return Object.assign(profiles, { missing });
}

function reasons(missing: readonly MissingProfile[]): string {
  return missing.map(({ worker, reason }) => `worker ${worker}: ${reason}`).join('; ');
}

async function write(file: string, profile: string): Promise<void> {
  try {
    await writeFile(file, profile);
  } catch (cause) {
    throw folderError(cause);
  }
}

/** Resolves when the time is over, the signal is aborted, or the Balancer is closed. */
async function over(
  ms: number | undefined,
  signal: AbortSignal | undefined,
  onClosed: Profiled['onClosed'],
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let forget = (): void => {};
  let end = (): void => {};
  try {
    await new Promise<void>((resolve) => {
      end = resolve;
      if (signal?.aborted === true) return resolve();
      signal?.addEventListener('abort', end, { once: true });
      forget = onClosed(resolve);
      if (ms !== undefined) timer = setTimeout(resolve, ms);
      return undefined;
    });
  } finally {
    clearTimeout(timer);
    forget();
    signal?.removeEventListener('abort', end);
  }
}

async function createFolder(given: string | URL): Promise<string> {
  const folder = given instanceof URL ? fileURLToPath(given) : given;
  try {
    await makeFolder(folder);
  } catch (cause) {
    throw folderError(cause);
  }
  return folder;
}

/** The Balancer's name may have characters that a file's name may not. */
function fileName(name: string, worker: number): string {
  return `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.worker-${worker}.cpuprofile`;
}

function folderError(cause: unknown): BalancerError {
  return new BalancerError('ERR_PROFILE_FILE', `profile: ${(cause as Error).message}`, { cause });
}
