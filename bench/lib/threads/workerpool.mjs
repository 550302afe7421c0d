import workerpool from 'workerpool';
import { tasksByName } from '../tasks-by-name.mjs';

workerpool.worker(tasksByName);
