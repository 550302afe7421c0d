/**
 * In a process of its own: the time from making the pool to its first result, in ms; loading the library's
 * own code is not in it. Arguments: the rival's adapter, the number of workers. Prints JSON.
 */
const [adapter, workers] = [process.argv[2], Number(process.argv[3])];
const { create } = await import(`../adapters/${adapter}.mjs`);
const rival = create();

const start = performance.now();
rival.start(workers);
await rival.run('noop', undefined);
const first = performance.now() - start;
process.stdout.write(JSON.stringify({ first }), () => process.exit());
