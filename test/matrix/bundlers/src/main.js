import { Balancer } from 'leastwork';
import { runBatch } from 'leastwork/batch';

async function main() {
  const balancer = new Balancer({ workers: 1 });
  const sum = await balancer.submit((a, b) => a + b, [1, 2]);
  if (typeof runBatch !== 'function') throw new Error('no batch');
  console.log(`sum ${sum}`);
  await balancer.close();
}

main().catch((error) => {
  console.log(`${error.code}: ${error.message}`);
});
