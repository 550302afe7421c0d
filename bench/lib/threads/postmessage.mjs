import { parentPort } from 'node:worker_threads';
import { tasksByName } from '../tasks-by-name.mjs';

parentPort.on('message', ([id, taskName, arg]) => {
  try {
    parentPort.postMessage([id, false, tasksByName[taskName](arg)]);
  } catch (error) {
    parentPort.postMessage([id, true, error]);
  }
});
