/**
 * In a process of its own: the time from making the pool to its first result, in ms, without and with the load
 * of the library's own code. Arguments: the rival's adapter, the number of workers. Prints JSON.
 */
const [adapter, workers] = [process.argv[2], Number(process.argv[3])];
const begin = performance.now();
const { create } = await import(`../adapters/${adapter}.mjs`);
const rival = create();

const start = performance.now();
rival.start(workers);
await rival.run('noop', undefined);
const end = performance.now();
process.stdout.write(JSON.stringify({ first: end - start, loaded: end - begin }), () => process.exit());
