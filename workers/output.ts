/**
 * Sends the output of tasks to the main thread through our own port, at once.
 *
 * Node's own way waits for an acknowledgement after each chunk, which a computing thread cannot hear, and
 * loses what is not acknowledged when the thread dies. A message on our port survives its thread, and arrives
 * before the result of the request that printed.
 */
export function redirectOutput(send: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    stream._write = (chunk: Uint8Array | string, encoding, done) => {
      // A copy: a Buffer is often a view of the shared pool, all of which would be cloned.
      send(name, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : new Uint8Array(chunk));
      done();
    };
    stream._writev = undefined;
  }
}
