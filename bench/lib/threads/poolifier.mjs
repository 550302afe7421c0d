import { ThreadWorker } from 'poolifier';
import { tasksByName } from '../tasks-by-name.mjs';

export default new ThreadWorker(tasksByName);
