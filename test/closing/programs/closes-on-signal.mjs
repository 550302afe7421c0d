// Says 'ready', then waits for signals with a fake Balancer. Arguments: how its close ends, and who else
// listens.
import { closeOnSignal } from '../../../dist/src/closing/close-on-signal.js';

const [how, others] = process.argv.slice(2);
const keepAlive = setInterval(() => {}, 1000);
const say = (word) => process.stdout.write(`${word}\n`);
const balancer = {
  async close(options) {
    say(`closing ${JSON.stringify(options)}`);
    if (how === 'hangs') await new Promise(() => {});
    if (how === 'fails') throw new Error('close has failed');
    await new Promise((resolve) => setImmediate(resolve));
    say('closed');
  },
};
if (others === 'once before') process.once('SIGTERM', other);
const handle = closeOnSignal(balancer, how === 'patient' ? { timeout: Infinity } : { timeout: 1234 });
if (others === 'second') closeOnSignal(balancer, { timeout: 1234 });
if (others === 'listener') {
  process.on('SIGTERM', () => {
    say('other');
    if (how === 'closes') clearInterval(keepAlive);
  });
}
if (others === 'once after') process.once('SIGTERM', other);
if (others === 'once first') {
  process.prependOnceListener('SIGTERM', other);
  await undefined;
}
if (others === 'disposed') {
  handle[Symbol.dispose]();
  process.once('SIGTERM', () => {
    say('other');
    clearInterval(keepAlive);
  });
}

/** Somebody else, who goes on for some turns after the Balancer is closed. */
async function other() {
  say('other');
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
  say('other is done');
  clearInterval(keepAlive);
}
say('ready');
