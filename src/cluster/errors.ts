/** What can go wrong between machines. All are `BalancerError`s: match by `code`, which is stable. */
import { BalancerError } from '../errors/errors.js';

/**
 * The machine that ran the request was lost, or the engine lost the request's job, more often than `retries`
 * allows. The request may have run, in part or to its end. `cause`: what was found in the place of its job.
 */
export class MachineLostError extends BalancerError {
  /** The task's name, as in `hash/sha256`. */
  readonly taskName: string;
  /** How often its machine, or its job, was lost. */
  readonly losses: number;
  constructor(taskName: string, losses: number, what: 'machine' | 'engine', options?: ErrorOptions) {
    const lost =
      what === 'machine'
        ? `${times(losses, 'the machine that ran it was', 'machines that ran it were')} lost`
        : `the engine lost its job (${times(losses, 'one loss', 'losses')} in all)`;
    super(
      'ERR_MACHINE_LOST',
      `task '${taskName}' is given up: ${lost}, which is more than its retries allow`,
      options,
    );
    this.taskName = taskName;
    this.losses = losses;
  }
}

function times(n: number, one: string, many: string): string {
  return n === 1 ? one : `${n} ${many}`;
}

/** What machines that are alive say of what they do not serve. */
export interface WhyNot {
  /** Why the engine does not give them the jobs of what they would serve. */
  readonly refusals: readonly string[];
  /** Why their Balancers can run nothing. */
  readonly inabilities: readonly string[];
}

/** Names in a message. */
const MOST_NAMES = 20;

/** No machine has served the task for `machineTimeout`. */
export class NoMachineError extends BalancerError {
  readonly taskName: string;
  /** The names that machines serve, in order. */
  readonly served: readonly string[];
  constructor(
    taskName: string,
    served: readonly string[],
    machines: number,
    { refusals, inabilities }: WhyNot,
  ) {
    const all = machines === 1 ? 'the only machine serves' : `the ${machines} machines serve`;
    const whys = [
      ...(refusals.length > 0 ? [`The engine refuses to give jobs to some: ${refusals.join('; ')}`] : []),
      ...(inabilities.length > 0 ? [`Some can run nothing: ${inabilities.join('; ')}`] : []),
    ];
    super(
      'ERR_NO_MACHINE',
      machines === 0
        ? `no machine serves task '${taskName}': there are no machines. Start one: 'leastwork work MODULE', or serve([MODULE]) in a program`
        : [`no machine serves task '${taskName}'; ${all}: ${listOf(served)}`, ...whys].join('. '),
    );
    this.taskName = taskName;
    this.served = served;
  }
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'no task at all';
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Arguments or a result are longer than `maxPayload`. */
export class PayloadTooLargeError extends BalancerError {
  readonly taskName: string;
  /** Length as sent, in bytes. */
  readonly bytes: number;
  /** The limit, in bytes. */
  readonly maxPayload: number;
  constructor(taskName: string, what: 'arguments' | 'result', bytes: number, maxPayload: number) {
    super(
      'ERR_PAYLOAD_TOO_LARGE',
      `the ${what} of task '${taskName}' ${what === 'result' ? 'takes' : 'take'} ${bytes} bytes, more than maxPayload (${maxPayload}): ` +
        `put the data where all machines reach it and send its path or key, or raise maxPayload`,
    );
    this.taskName = taskName;
    this.bytes = bytes;
    this.maxPayload = maxPayload;
  }
}

/** The engine cannot be reached, or has refused to take a job. `cause` says why. */
export class EngineError extends BalancerError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_ENGINE', message, options);
  }
}

/** What was asked for exists only within one process: inline functions, keys, streams, transfer, progress. */
export class LocalOnlyError extends BalancerError {
  constructor(message: string) {
    super('ERR_LOCAL_ONLY', message);
  }
}

/** A job or a message that is not of the form that this package writes. */
export class MalformedMessageError extends BalancerError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_MALFORMED_MESSAGE', message, options);
  }
}
