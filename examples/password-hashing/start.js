// Hashes passwords, and shows how long the event loop is kept meanwhile: here, and in threads.
//
// `crypto.scrypt` would run beside the event loop, too, but in libuv's four threads, in which it holds up
// reads of files and look-ups of names, without a limit to how many wait.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Balancer, tasks } from 'leastwork';
import * as here from './passwords.js';

const { hashPassword, verifyPassword } = tasks(new URL('./passwords.js', import.meta.url));
const passwords = Array.from({ length: 20 }, (_, i) => `correct horse battery staple ${i}`);

/** Longest time that the event loop was late by while `work` ran, in ms. */
async function delayDuring(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  await setTimeout(5); // so that the last delay is seen
  delay.disable();
  return `${(delay.max / 1e6).toFixed(0)} ms`;
}

const kept = await delayDuring(async () => passwords.slice(0, 5).map(here.hashPassword));
console.log(`in place: the event loop was kept for up to ${kept}`);

// At most a hundred may wait: further ones are refused, and the answer is "try again".
const balancer = new Balancer({ maxQueue: 100, preload: [new URL('./passwords.js', import.meta.url)] });
let stored = [];
const free = await delayDuring(async () => {
  stored = await Promise.all(passwords.map((password) => balancer.submit(hashPassword, [password])));
});
console.log(`in threads: for up to ${free}, with ${stored.length} hashes`);

console.log('right password:', await balancer.submit(verifyPassword, [passwords[3], stored[3]]));
console.log('wrong password:', await balancer.submit(verifyPassword, [passwords[4], stored[3]]));
await balancer.close();
