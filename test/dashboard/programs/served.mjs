// Serves a dashboard with an open page, and ends by itself although nothing is closed.
import { get } from 'node:http';
import { Balancer } from 'leastwork';
import { serveDashboard } from 'leastwork/dashboard';

const balancer = new Balancer({ workers: 1 });
const { url } = await serveDashboard(balancer, { port: 0 });
console.log(url);
await balancer.submit(() => 1);
const first = await new Promise((resolve) => {
  const asked = get(new URL('events', url), (response) => {
    response.once('data', (chunk) => {
      response.socket.unref();
      resolve(String(chunk));
    });
  });
  asked.on('error', () => {});
});
console.log(/^event: (\w+)/.exec(first)[1]);
