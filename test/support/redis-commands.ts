import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Calls back with each command that a Redis is given from now on, as `MONITOR` writes it. (The client's own `monitor()`
 * fails where a command comes together with the answer.)
 * @returns ends it
 */
export async function watchCommands(url: string, onCommand: (line: string) => void): Promise<() => void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const lines = createInterface(socket).on('line', onCommand);
  socket.write('MONITOR\r\n');
  // The answer.
  await once(lines, 'line');
  return () => socket.destroy();
}
