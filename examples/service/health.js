// `node health.js /readyz`: exit code 0 where that answers 200. The health server listens on 127.0.0.1 alone,
// so probes run beside it; images of Node have no curl.
const [path = '/healthz'] = process.argv.slice(2);
const { ok, status } = await fetch(`http://127.0.0.1:${process.env.HEALTH_PORT ?? 9090}${path}`, {
  signal: AbortSignal.timeout(2_000),
}).catch((error) => ({ ok: false, status: error.message }));
if (!ok) console.error(`${path}: ${status}`);
process.exitCode = ok ? 0 : 1;
