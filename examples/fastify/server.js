// GET /primes/100000
import Fastify from 'fastify';
import { tasks } from 'leastwork';
import leastwork from './leastwork-plugin.js';

const { PORT = 8080, WORKERS, MAX_QUEUE = 100, TIMEOUT = 2_000 } = process.env;

const module = new URL('./primes.js', import.meta.url);
const { primesBelow } = tasks(module);

const fastify = Fastify();
await fastify.register(leastwork, {
  workers: WORKERS && Number(WORKERS),
  maxQueue: Number(MAX_QUEUE),
  timeout: Number(TIMEOUT),
  queueTimeout: 1_000,
  preload: [module],
});

fastify.get(
  '/primes/:below',
  { schema: { params: { type: 'object', properties: { below: { type: 'integer', minimum: 0 } } } } },
  async (request) => ({ primes: await request.offload(primesBelow, [request.params.below]) }),
);

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => fastify.close());
await fastify.listen({ port: Number(PORT) });
console.log(`http://localhost:${fastify.server.address().port}/primes/100000 (Ctrl-C ends it)`);
