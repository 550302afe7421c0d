// What `import` and `require` give has one type.
import { createRequire } from 'node:module';
import type { Balancer } from 'leastwork';
import * as esm from 'leastwork';

type Required = typeof import('leastwork', { with: { 'resolution-mode': 'require' }});

const cjs: Required = createRequire(import.meta.url)('leastwork');
export const balancer: Balancer = new cjs.Balancer({ workers: 0 });
export const same: Required['Balancer'] = esm.Balancer;
export const router = new cjs.Router({ '*': new esm.Balancer({ workers: 0 }) });
