// Fakes as one writes them: they return numbers, and refuse what they have not given.
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';

let last = 0;
const start = () => ++last;
const clear = (id) => {
  if (typeof id !== 'number') throw new TypeError('not a timer of these');
};
for (const name of ['Timeout', 'Interval', 'Immediate']) {
  for (const owner of [globalThis, timers]) {
    owner[`set${name}`] = start;
    owner[`clear${name}`] = clear;
  }
}
syncBuiltinESMExports();
