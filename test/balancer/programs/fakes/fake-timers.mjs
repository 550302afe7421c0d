import { createRequire } from 'node:module';

// Everything that it can fake, `nextTick` and `hrtime` included; jest and vitest fake with it, too.
const require = createRequire(import.meta.url);
createRequire(require.resolve('sinon'))('@sinonjs/fake-timers').install();
