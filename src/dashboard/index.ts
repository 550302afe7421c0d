/// <reference types="node" preserve="true" />
/** `leastwork/dashboard`: a live view of Balancers, as a page at 127.0.0.1. */
export type { DashboardOptions } from './options.js';
export { type Dashboard, serveDashboard } from './serve.js';
