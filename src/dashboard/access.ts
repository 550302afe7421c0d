/**
 * Who may read the dashboard, and the numbers of `leastwork work`: programs and pages of this host. Their
 * servers listen at 127.0.0.1 alone, so what is left is a web page that has the user's browser ask for it:
 *
 * - under a name of its own that leads to 127.0.0.1 (DNS rebinding): the `Host` is then that name;
 * - from another origin: the browser names that in `Origin` or `Sec-Fetch-Site`.
 *
 * The port in `Host` may be another one than ours, that of an SSH tunnel.
 */
import type { IncomingHttpHeaders } from 'node:http';

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Whether a request with these headers may be answered. */
export function mayRead({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (host === undefined || !LOCAL_HOST.test(host)) return false;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) return false;
  // `none`: typed in by the user. A link on another page leads to a new page, which cannot be read by that
  // one.
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** For each answer: nothing from elsewhere, in no frame, never kept. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};
