/**
 * Commands of `ioredis` with bytes among their arguments, as scripts of BullMQ have: `ioredis` writes each
 * argument on its own, which takes a sixth of the CPU time of a machine whose tasks are short. Here it is one
 * write for all text between bytes.
 */
import type { Command } from 'ioredis';

type Writable = ReturnType<Command['toWritable']>;
/** Where one of these is missing, or is no more what it was, the command is left as it is. */
interface Parts {
  name: string;
  args: (string | Buffer)[];
  bufferMode?: boolean;
  toWritable(socket: object): Writable;
}

/** Has a command written so, if it has bytes among its arguments. */
export function writeAtOnce(command: Command): void {
  const parts = command as unknown as Parts;
  if (parts.bufferMode === true) parts.toWritable = toBytes;
}

/** Again, when a command is sent again, with what it has, after a connection was lost. */
function toBytes(this: Parts, socket: object): Buffer {
  const { args } = this;
  const { toWritable } = Object.getPrototypeOf(this) as Parts;
  try {
    // This chooses between a script's text and its hash, for the name and the first argument.
    this.args = [args[0] as string | Buffer];
    toWritable.call(this, socket);
    args[0] = this.args[0] as string | Buffer;
  } finally {
    this.args = args;
  }
  return bytesOf(this.name, args);
}

/** In the protocol of Redis. */
export function bytesOf(name: string, args: readonly (string | Buffer)[]): Buffer {
  const texts: string[] = [];
  const buffers: Buffer[] = [];
  let text = `*${args.length + 1}\r\n$${name.length}\r\n${name}\r\n`;
  let length = 0;
  for (const arg of args) {
    if (typeof arg === 'string') {
      const bytes = Buffer.byteLength(arg);
      // Of the text itself all but the arguments is ASCII.
      length += bytes - arg.length;
      text += `$${bytes}\r\n${arg}\r\n`;
    } else {
      text += `$${arg.length}\r\n`;
      length += text.length + arg.length;
      texts.push(text);
      buffers.push(arg);
      text = '\r\n';
    }
  }
  const whole = Buffer.allocUnsafe(length + text.length);
  let offset = 0;
  for (let i = 0; i < buffers.length; i++) {
    offset += whole.write(texts[i] as string, offset);
    offset += (buffers[i] as Buffer).copy(whole, offset);
  }
  whole.write(text, offset);
  return whole;
}
