// Runs in the threads.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 };

/** @returns salt and hash, as text to be stored */
export function hashPassword(password) {
  const salt = randomBytes(16);
  return `${salt.toString('base64')}$${scryptSync(password, salt, 32, COST).toString('base64')}`;
}

export function verifyPassword(password, stored) {
  const [salt, hash] = stored.split('$').map((part) => Buffer.from(part, 'base64'));
  return timingSafeEqual(scryptSync(password, salt, 32, COST), hash);
}
