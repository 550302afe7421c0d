import { MemoryPool } from './memory-pool.js';

/** Size of an arena. Its pages are taken from the system as they are first used. */
export const ARENA_BYTES = 4 * 2 ** 20;

/** The memory of all arenas of this process. */
export const arenaMemory = new MemoryPool(ARENA_BYTES);
