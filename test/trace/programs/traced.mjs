// Traces many short runs. Prints a line when so many are done; whoever reads it kills this.
import { Balancer } from 'leastwork';

const [file, runs] = process.argv.slice(2);
const balancer = new Balancer({ workers: 1 });
balancer.trace({ file, arrows: Number.POSITIVE_INFINITY });
let done = 0;
const again = () => {
  if (++done === Number(runs)) process.stdout.write('done\n');
  balancer.submit(() => 1).then(again);
};
for (let i = 0; i < 100; i++) again();
