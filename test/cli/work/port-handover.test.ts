/** Who has the port of a machine that takes over, while others take over from each other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { PortHandover } from '../../../dist/src/cli/work/port-handover.js';

test('the one before has ended, and another one has taken over from it, and has the port', async () => {
  const first = spawn(process.execPath, ['-e', '', 'work']);
  await once(first, 'exit');
  const second = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'work']);
  onTestFinished(() => void second.kill('SIGKILL'));
  const ports = new PortHandover(() => (second.killed ? undefined : second.pid));
  ports.from(first.pid);
  let isFree = false;
  const listener = { close: () => {} };
  const attempt = async () => {
    if (!isFree) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE', errno: -98 });
    return listener;
  };
  const listening = new Promise((resolve, reject) => {
    ports.listen(attempt, { listening: resolve, failed: reject }).catch(reject);
  });
  isFree = true;
  second.kill();
  expect(await listening).toBe(listener);
});

test('another one takes over, and the port, between the look at who has it and the attempt', async () => {
  let looks = 0;
  const ports = new PortHandover(() => (++looks === 1 ? undefined : process.ppid));
  const listener = { close: () => {} };
  let attempts = 0;
  const attempt = async () => {
    if (++attempts < 3) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE', errno: -98 });
    return listener;
  };
  const listening = new Promise((resolve, reject) => {
    ports.listen(attempt, { listening: resolve, failed: reject }).catch(reject);
  });
  expect(await listening).toBe(listener);
});

test('who has the port cannot be told while it is waited for', async () => {
  const first = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'work']);
  onTestFinished(() => void first.kill('SIGKILL'));
  const ports = new PortHandover(() => {
    throw new Error('unreadable');
  });
  ports.from(first.pid);
  const inUse = Object.assign(new Error('in use'), { code: 'EADDRINUSE', errno: -98 });
  const failed = new Promise((resolve, reject) => {
    ports.listen(() => Promise.reject(inUse), { listening: reject, failed: resolve }).catch(reject);
  });
  first.kill();
  expect(await failed).toBe(inUse);
});

test('a port that nobody is to let go of is refused', async () => {
  const ports = new PortHandover(() => undefined);
  const inUse = Object.assign(new Error('in use'), { code: 'EADDRINUSE', errno: -98 });
  const events = { listening: () => {}, failed: () => {} };
  await expect(ports.listen(() => Promise.reject(inUse), events)).rejects.toBe(inUse);
});
