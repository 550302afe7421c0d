import { serve } from 'leastwork/cluster';

/** A machine of ours: `machine.mjs OPTIONS`. Tells its parent when it is ready, and ends with it. */

const machine = await serve([new URL('../tasks.mjs', import.meta.url)], JSON.parse(process.argv[2]));
process.send('ready');
process.once('disconnect', () => machine.close({ timeout: 0 }));
