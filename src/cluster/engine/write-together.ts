/**
 * The commands of one turn of the event loop go to Redis by one system call, and are read there by one. (The
 * pipelining of `ioredis` would do so, too, but rejects what a broken connection has left half done, where
 * single commands are sent again in their order.)
 */
import type { Redis } from 'ioredis';
import { atEndOfTurn } from '../end-of-turn.js';
import { writeAtOnce } from './command-bytes.js';

type Stream = Partial<Pick<NodeJS.WritableStream & { cork(): void; uncork(): void }, 'cork' | 'uncork'>>;

export function writeTogether(client: Redis): void {
  const send = client.sendCommand.bind(client);
  let corked: Stream | undefined;
  const uncork = (): void => {
    const stream = corked;
    corked = undefined;
    stream?.uncork?.();
  };
  client.sendCommand = (command, stream) => {
    if (corked === undefined && client.status === 'ready') {
      const { stream: socket } = client as unknown as { readonly stream?: Stream };
      if (typeof socket?.cork === 'function' && typeof socket.uncork === 'function') {
        corked = socket;
        socket.cork();
        // What follows from an answer goes with it.
        atEndOfTurn(uncork);
      }
    }
    writeAtOnce(command);
    return send(command, stream);
  };
}
