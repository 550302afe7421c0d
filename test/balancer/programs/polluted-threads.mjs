// The prototype is polluted only after Node has loaded, and only the main thread's: what threads have of it
// came by options.
import { Balancer } from 'leastwork';

const pollution = {
  env: { EVIL: '1' },
  argv: ['--evil'],
  execArgv: ['--expose-gc'],
  resourceLimits: { maxOldGenerationSizeMb: 17 },
  maxOldGenerationSizeMb: 17,
  eval: true,
  stdin: true,
  stdout: true,
  stderr: true,
  name: 'evil',
  transferList: [new ArrayBuffer(1)],
  trackUnmanagedFds: false,
  workerData: 'evil',
  // Of event listeners.
  once: true,
  passive: true,
  capture: true,
  // What an `Object.prototype` is made of contains itself.
  itself: {},
};
for (const [name, value] of Object.entries(pollution)) {
  Object.defineProperty(Object.prototype, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: true,
  });
}
const balancer = new Balancer({ workers: 1 });
const seen = await balancer.submit(async () => {
  console.log('printed in the thread');
  const { resourceLimits } = await import('node:worker_threads');
  return {
    evil: process.env.EVIL ?? 'none',
    argv: process.argv.length - 2,
    execArgv: process.execArgv.filter((flag) => flag === '--expose-gc').length,
    limit: resourceLimits.maxOldGenerationSizeMb !== 17,
  };
});
// By message, each.
for (let i = 0; i < 3; i++) await balancer.submit((map) => map, [new Map([[1, 2]])]);
await balancer.submit(() => process.exit(3)).catch(() => {});
await balancer.submit((map) => map, [new Map()]);
// Node's `require` reads it, too: only now is everything loaded.
Object.defineProperty(Object.prototype, 'signal', { value: {}, configurable: true });
const second = new Balancer({ workers: 1 });
await second.submit((map) => map, [new Map()]);
delete Object.prototype.signal;
await second.close();
for (const name of Object.keys(pollution)) delete Object.prototype[name];
await balancer.close();
console.log(JSON.stringify(seen));
