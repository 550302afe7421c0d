const path = require('node:path');
const { Balancer, tasks } = require('leastwork');

async function main() {
  const balancer = new Balancer({ workers: 1 });
  console.log(await balancer.submit((a, b) => a + b, [1, 2]));
  const { twice } = tasks(path.join(path.dirname(process.execPath), 'tasks.js'));
  console.log(await balancer.submit(twice, [21]));
  await balancer.close();
}

main();
