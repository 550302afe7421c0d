/** Keys of Redis that another program has written over with a value of another type: BullMQ cannot even remove such a job. */
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
  return new MalformedMessageError(
    `the job of the key '${key}' was of the type '${type}', not 'hash', and is thrown away: another program has written over it`,
  );
}
