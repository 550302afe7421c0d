// GET /primes?below=100000
//
// The event loop stays free, whatever the threads do: so overload is refused at once, and a shutdown is
// orderly.
import { createServer } from 'node:http';
import { Balancer, tasks } from 'leastwork';
import { answerTo } from './answers.js';

const { PORT = 8080, WORKERS, MAX_QUEUE = 100, TIMEOUT = 2_000, DRAIN = 8_000 } = process.env;

const module = new URL('./primes.js', import.meta.url);
const { primesBelow } = tasks(module);
const balancer = new Balancer({
  workers: WORKERS && Number(WORKERS),
  maxQueue: Number(MAX_QUEUE), // beyond it: 503
  timeout: Number(TIMEOUT), // of a run: 504
  queueTimeout: 1_000, // of the wait before it: 503
  preload: [module], // the first request is as fast as the second
});

let isClosing = false;

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname !== '/primes') return send(response, 404, 'try /primes?below=100000');
  if (isClosing) return send(response, 503, 'shutting down', { 'Retry-After': '1' });

  const gone = new AbortController();
  response.once('close', () => gone.abort()); // a client that leaves takes its request back
  try {
    const count = await balancer.submit(primesBelow, [Number(searchParams.get('below'))], {
      signal: gone.signal,
    });
    send(response, 200, String(count));
  } catch (error) {
    if (gone.signal.aborted) return;
    const { status, headers } = answerTo(error);
    if (status === 500) console.error(error);
    send(response, status, error.message, headers);
  }
});

function send(response, status, text, headers = {}) {
  // Kept connections would hold the server open.
  response.writeHead(status, isClosing ? { ...headers, Connection: 'close' } : headers).end(`${text}\n`);
}

/** Requests under way first, then the threads that they need. */
function shutDown() {
  isClosing = true;
  // 1. No new connections; idle ones are closed.
  server.close(async () => {
    // 2. Everyone has had an answer: the threads can end. Nothing holds the process then.
    clearTimeout(late);
    await balancer.close();
  });
  // 3. Whoever is still waiting when our time is over gets a 503. Then connections that nobody uses are cut.
  const late = setTimeout(async () => {
    await balancer.close({ timeout: 0 });
    setTimeout(() => server.closeAllConnections(), 500).unref();
  }, Number(DRAIN));
}
process.once('SIGTERM', shutDown).once('SIGINT', shutDown);

server.listen(Number(PORT), () => {
  console.log(`http://localhost:${server.address().port}/primes?below=100000 (Ctrl-C ends it)`);
});
