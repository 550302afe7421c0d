import { mock } from 'node:test';

mock.timers.enable();
