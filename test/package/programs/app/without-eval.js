// Under --disallow-code-generation-from-strings, and with inline: false.
import { Balancer, tasks } from 'leastwork';

const balancer = new Balancer({ workers: 1, inline: process.argv[2] !== 'modules-only' });
const refused = await balancer
  .submit(
    function add(a, b) {
      return a + b;
    },
    [1, 2],
  )
  .catch((error) => `${error.code}: ${error.message}`);
console.log(refused);
console.log(await balancer.submit(tasks(new URL('helper.js', import.meta.url)).default));
