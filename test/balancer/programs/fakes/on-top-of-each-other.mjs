import { mock } from 'node:test';
import sinon from 'sinon';

sinon.useFakeTimers();
mock.timers.enable();
