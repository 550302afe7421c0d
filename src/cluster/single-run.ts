/** The run of a job that is a single request: what is replied, and what is reported. */
import type { Balancer } from '../balancer.js';
import type { SubmitOptions } from '../options/submit.js';
import type { AnyTask } from '../tasks/signatures.js';
import { MalformedMessageError } from './errors.js';
import type { JobReport } from './job-report.js';
import type { Reply } from './messages.js';
import { isOfMachine } from './of-machine.js';
import { decodeValue } from './values/decode.js';
import { encodeValue } from './values/encode.js';
import { excessOf } from './values/excess.js';
import { encodeThrown } from './values/thrown.js';

export type Ending = Omit<JobReport, 'id' | 'task' | 'ms'>;

export interface Result {
  readonly reply: Reply | string;
  readonly ending: Ending;
}

export interface SingleCall {
  /** Of the job. */
  readonly id: string;
  readonly task: AnyTask;
  /** As in `JobData`. */
  readonly args: string | undefined;
  readonly options: SubmitOptions;
  /** Of the result, in bytes. */
  readonly maxPayload: number;
}

/** @throws what concerns the machine, not the task */
export async function runSingle(
  balancer: Balancer,
  { id, task, args: text, options, maxPayload }: SingleCall,
): Promise<Result> {
  const args = decodeValue(text);
  if (!Array.isArray(args)) throw new MalformedMessageError('the arguments are no list');
  try {
    const value = encodeValue(await balancer.submit(task, args as never, options), 'the result');
    const bytes = excessOf(value, maxPayload);
    if (bytes === undefined)
      return { reply: { t: 'value', id, value }, ending: { items: 1, outcome: 'fulfilled', failures: 0 } };
    const error = new Error(`the result takes ${bytes} bytes, more than maxPayload (${maxPayload})`);
    return { reply: { t: 'too-large', id, bytes, maxPayload }, ending: rejected(error) };
  } catch (error) {
    if (options.signal?.aborted === true || isOfMachine(error)) throw error;
    const text = encodeThrown(error, maxPayload, withoutMachine);
    return { reply: { t: 'error', id, error: text }, ending: rejected(error) };
  }
}

/** Without the frames of who awaits the run here, which are added last: those of its caller count. */
function withoutMachine(stack: string): string {
  return stack.replace(/(?:\n {4}at async [^\n]*[\\/]bullmq[\\/][^\n]*)+$/, '');
}

function rejected(error: unknown): Ending {
  return { items: 1, outcome: 'rejected', failures: 1, error };
}
