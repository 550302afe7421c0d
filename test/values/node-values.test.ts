import { createSecretKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratch } from '../support/scratch.js';
import { taskEntry } from '../support/task-entry.js';

/** As users write it in a module of tasks. */

describe("Node's own objects as arguments and results", () => {
  let balancer: Balancer;
  let folder: string;
  beforeAll(async () => {
    balancer = new Balancer({ workers: 1 });
    folder = scratch();
  });
  afterAll(async () => {
    await balancer.close();
  });

  it('a Blob, both ways', async () => {
    const blob = new Blob(['some ', 'text'], { type: 'text/plain' });
    const back = await balancer.submit(
      async (given) => new Blob([await given.text(), '!'], { type: given.type }),
      [blob],
    );
    expect(back).toBeInstanceOf(Blob);
    expect([await back.text(), back.type]).toEqual(['some text!', 'text/plain']);
  });

  it('a KeyObject, secret or private, both ways', async () => {
    const secret = createSecretKey(Buffer.from('secret'));
    const [digest, same] = await balancer.submit(
      async (key) => {
        const { createHmac } = await import('node:crypto');
        return [createHmac('sha256', key).update('x').digest('hex'), key] as const;
      },
      [secret],
    );
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(same.equals(secret)).toBe(true);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signature = await balancer.submit(
      async (key) => (await import('node:crypto')).sign(null, Buffer.from('x'), key),
      [privateKey],
    );
    const verified = await balancer.submit(
      async (key, bytes) => (await import('node:crypto')).verify(null, Buffer.from('x'), key, bytes),
      [publicKey, signature],
    );
    expect(verified).toBe(true);
  });

  it('an X509Certificate, both ways', async () => {
    const pem = await readFile(new URL('../fixtures/submit/certificate.pem', import.meta.url));
    const certificate = new X509Certificate(pem);
    const [subject, same] = await balancer.submit((given) => [given.subject, given] as const, [certificate]);
    expect(subject).toBe('CN=leastwork');
    expect(same).toBeInstanceOf(X509Certificate);
    expect(same.fingerprint256).toBe(certificate.fingerprint256);
  });

  it('a CryptoKey', async () => {
    const key = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
    const length = await balancer.submit(
      async (given) => (await crypto.subtle.sign('HMAC', given, new Uint8Array(1))).byteLength,
      [key],
    );
    expect(length).toBe(32);
  });

  it('a FileHandle moves, both ways', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'in the file');
    const handle = await open(file);
    const text = await balancer.submit(
      async (given) => {
        const read = await given.readFile('utf8');
        await given.close();
        return read;
      },
      [handle],
      { transfer: [handle] },
    );
    expect(text).toBe('in the file');
    expect(handle.fd).toBe(-1);
    const opened = await balancer.submit(
      async (file, url) => {
        const { transfer } = await import(url);
        const handle = await (await import('node:fs/promises')).open(file);
        return transfer(handle, [handle]) as typeof handle;
      },
      [file, taskEntry],
    );
    expect(await opened.readFile('utf8')).toBe('in the file');
    await opened.close();
  });

  it('a MessagePort moves, both ways', async () => {
    const { port1, port2 } = new MessageChannel();
    const back = await balancer.submit(
      async (port, url) => {
        const { transfer } = await import(url);
        port.postMessage('from the task');
        return transfer({ port }, [port]) as { port: typeof port };
      },
      [port2, taskEntry],
      { transfer: [port2] },
    );
    const heard = new Promise((resolve) => port1.once('message', resolve));
    expect(await heard).toBe('from the task');
    back.port.close();
  });

  it('a stream of the web moves, both ways', async () => {
    const stream = new Blob(['ab', 'cd']).stream();
    const back = await balancer.submit(
      async (given, url) => {
        const { transfer } = await import(url);
        const upper = given.pipeThrough(new TextDecoderStream()).pipeThrough(
          new TransformStream<string, string>({
            transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
          }),
        );
        return transfer(upper, [upper]) as typeof upper;
      },
      [stream, taskEntry],
      { transfer: [stream] },
    );
    let text = '';
    for await (const chunk of back) text += chunk;
    expect(text).toBe('ABCD');
  });

  it('without being in the transfer list: an error says so', async () => {
    const { port1, port2 } = new MessageChannel();
    const file = join(folder, 'other');
    await writeFile(file, '');
    const handle = await open(file);
    const stream = new ReadableStream();
    for (const [value, kind] of [
      [port1, 'MessagePort'],
      [handle, 'FileHandle'],
      [stream, 'ReadableStream'],
    ] as const) {
      await expect(balancer.submit((given: unknown) => given, [{ value }])).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        path: 'arguments[0].value',
        message: expect.stringContaining(`is a ${kind} that is not in the transfer list`),
      });
    }
    await handle.close();
    port2.close();
  });

  it('shared memory stays shared, also deep inside, and in results and streams', async () => {
    const shared = new SharedArrayBuffer(4);
    const words = new Int32Array(shared);
    const back = await balancer.submit(
      (given) => {
        Atomics.add(given.list[0] as Int32Array, 0, 1);
        return given;
      },
      [{ list: [words], buffer: shared }],
    );
    Atomics.add(back.list[0] as Int32Array, 0, 1);
    for await (const given of balancer.stream(
      function* (buffer) {
        yield new Int32Array(buffer);
      },
      [shared],
    )) {
      Atomics.add(given, 0, 1);
    }
    expect(words[0]).toBe(3);
  });
});
