/** In flight: while one runs, the main thread may take some ms to get a core. */
export const CHUNKS_PER_WORKER = 3;
