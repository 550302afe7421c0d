/** Which errors of an engine pass. */

/**
 * Redis: it loads its data, is being replaced, runs a script, cannot save or copy what it is told, or its
 * memory is full. (Before version 7 it tells of the latter within the error of a script.)
 */
const REDIS =
  /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED|OOM|MISCONF|NOREPLICAS)\b|-OOM command/;
/** PostgreSQL: connection lost, shutting down or starting; no memory, disk or connection is left. */
const POSTGRES = /^(?:08|57P0|53)/;
/** Of sockets and resolvers. */
const NODE = /^(?:ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND|ERR_SOCKET)/;
const TEXT = /connection|socket|timeout|terminat|closed|max retries per request/i;

/** Whether the same command may succeed later. */
export function isTransient(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (NODE.test(code) || POSTGRES.test(code))) return true;
  return typeof message === 'string' && (REDIS.test(message) || TEXT.test(message));
}
