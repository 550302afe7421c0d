// A machine of the cluster, in a process of its own. On real hosts this is `leastwork work ./primes.js`.
import { serve } from 'leastwork/cluster';

const machine = await serve([new URL('./primes.js', import.meta.url)], JSON.parse(process.argv[2]));
process.send('ready');
// Ends, too, when the one who has started it does.
for (const event of ['SIGTERM', 'disconnect']) {
  process.once(event, async () => {
    await machine.close({ timeout: 5_000 });
    if (process.connected) process.disconnect();
  });
}
