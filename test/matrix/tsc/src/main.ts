import { dirname, join } from 'node:path';
import {
  Balancer,
  BalancerError,
  type BalancerOptions,
  InvalidOptionError,
  type Policy,
  Router,
  type Session,
  type SubmitOptions,
  tasks,
} from 'leastwork';
import { BatchError, type BatchReport, type runBatch } from 'leastwork/batch';
import { type context, transfer } from 'leastwork/task';

class Ours extends Balancer {}
class OurError extends BalancerError {}
export type Named = [Policy, Session, BatchReport, typeof context, typeof runBatch, OurError];

const options: BalancerOptions = { workers: 1 };
const timeout: SubmitOptions = { timeout: 60_000 };
const { twice, image } = tasks<typeof import('./tasks.js')>(join(dirname(process.argv[1] ?? ''), 'tasks.js'));

export function pixels(): Uint8Array {
  const bytes = new Uint8Array(2);
  return transfer(bytes, [bytes.buffer]);
}

async function main(): Promise<void> {
  const balancer: Balancer = new Ours(options);
  const four: number = await balancer.submit(twice, [2], timeout);
  const size: Promise<number> = balancer.submit(image.size, [new Uint8Array(3)]);
  // @ts-expect-error of the wrong type
  balancer.submit(twice, ['2']).catch(() => {});
  const refused: unknown = await balancer
    .submit(twice, [3], { timeout: -1 })
    .catch((error: unknown) => error);
  const isRefused = refused instanceof InvalidOptionError && refused.option !== '';
  const router = new Router({ '*': balancer });
  if (four !== 4 || (await size) !== 3 || !isRefused || new BatchError('') instanceof Router)
    process.exitCode = 1;
  await router.close();
}

void main();
