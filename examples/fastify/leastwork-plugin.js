// A Fastify plugin: `fastify.balancer`, and `request.offload(task, args)`, whose failures have the right
// status.
import fastifyPlugin from 'fastify-plugin';
import { Balancer } from 'leastwork';

/** @param options those of `new Balancer` */
async function leastwork(fastify, options) {
  const balancer = new Balancer(options);
  fastify.decorate('balancer', balancer);

  fastify.decorateRequest('offload', async function offload(task, args, submitOptions) {
    const gone = new AbortController();
    this.raw.socket.once('close', () => gone.abort()); // a client that leaves takes its request back
    try {
      return await balancer.submit(task, args, { signal: gone.signal, ...submitOptions });
    } catch (error) {
      throw withStatus(error);
    }
  });

  // Answers given while the server closes end their connection: kept ones would hold the server open for a
  // minute.
  let isClosing = false;
  fastify.addHook('preClose', async () => {
    isClosing = true;
  });
  fastify.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });

  // Called when all requests under way have been answered; new ones have got 503 meanwhile.
  fastify.addHook('onClose', () => balancer.close({ timeout: 5_000 }));
}

/** Fastify answers with an error's `statusCode` and `headers`. */
function withStatus(error) {
  const isOverload =
    error.code === 'ERR_QUEUE_FULL' ||
    error.code === 'ERR_BALANCER_CLOSED' ||
    (error.code === 'ERR_TASK_TIMEOUT' && error.phase === 'queue');
  if (isOverload) return Object.assign(error, { statusCode: 503, headers: { 'retry-after': '1' } });
  if (error.code === 'ERR_TASK_TIMEOUT') return Object.assign(error, { statusCode: 504 });
  return error;
}

export default fastifyPlugin(leastwork, { name: 'leastwork', fastify: '5.x' });
