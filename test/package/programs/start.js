import { Balancer, tasks } from 'leastwork';

const { sha256 } = tasks(new URL('./digest.js', import.meta.url));
const balancer = new Balancer({ workers: 2 });
console.log(await balancer.submit((a, b) => a + b, [1, 2]));
console.log(await balancer.submit(sha256, ['abc']));
await balancer.close();
