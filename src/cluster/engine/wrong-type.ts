/** Keys of Redis that another program has written over with a value of another type. BullMQ cannot even remove such a job. */
import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { MalformedMessageError } from '../errors.js';

export function isWrongType(error: unknown): boolean {
  return /^WRONGTYPE\b|-WRONGTYPE /.test((error as Partial<Error> | undefined)?.message ?? '');
}

/**
 * Throws away what stands in the place of a job. (It lies within its script's reach alone: a reply, and a lock, have
 * keys of their own.)
 * @returns what it was
 */
export async function removeStranger(client: Redis, key: string): Promise<MalformedMessageError> {
  const type = await client.type(key);
  await client.del(key);
  return stranger(`the job of the key '${key}'`, type, 'hash');
}

/**
 * Lost jobs are found by a set of those that run. Where another program has written over it, none would be found
 * any more: it begins anew.
 */
export function renewStalledSet(
  worker: Worker,
  client: Redis,
  onRemoved: (error: MalformedMessageError) => void,
): void {
  const { backend } = worker;
  const key = worker.toKey('stalled');
  const look = backend.moveStalledJobsToWait.bind(backend);
  backend.moveStalledJobsToWait = async () => {
    try {
      return await look();
    } catch (error) {
      if (!isWrongType(error)) throw error;
      const type = await client.type(key);
      if (type === 'set' || type === 'none') throw error;
      await client.del(key);
      onRemoved(stranger(`the set '${key}', by which lost jobs are found,`, type, 'set'));
      return [];
    }
  };
}

function stranger(what: string, type: string, expected: string): MalformedMessageError {
  return new MalformedMessageError(
    `${what} was of the type '${type}', not '${expected}', and is thrown away: another program has written over it`,
  );
}
