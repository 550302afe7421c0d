import sinon from 'sinon';

sinon.useFakeTimers();
