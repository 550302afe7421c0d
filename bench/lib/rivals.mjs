/**
 * The rivals by name. Modules are loaded on demand: the memory benchmark wants nobody else's code in its
 * process.
 * @param {readonly string[]} names of files in `adapters/`
 * @param {number} workers
 * @returns {Promise<import('./adapters/rival.mjs').Rival[]>} started
 */
export async function startRivals(names, workers) {
  const rivals = [];
  for (const name of names) {
    const { create } = await import(`./adapters/${name}.mjs`);
    const rival = create();
    rival.start(workers);
    rivals.push(rival);
  }
  // Every thread has loaded the tasks before anything is measured.
  await Promise.all(
    rivals.flatMap((rival) => Array.from({ length: workers * 4 }, () => rival.run('noop', undefined))),
  );
  return rivals;
}

/** @param {import('./adapters/rival.mjs').Rival[]} rivals */
export async function closeRivals(rivals) {
  await Promise.all(rivals.map((rival) => rival.close()));
}

/** @param {import('./adapters/rival.mjs').Rival[]} rivals */
export function packagesOf(rivals) {
  return [...new Set(rivals.map((rival) => rival.package).filter((name) => name !== undefined))];
}
