// What a prototype pollution might set, in the program and in its threads: names that the package or Node's
// `Worker` reads of objects.
const names = [
  ...[
    'env',
    'argv',
    'execArgv',
    'resourceLimits',
    'eval',
    'stdin',
    'stdout',
    'stderr',
    'transferList',
    'workerData',
  ],
  ...[
    'workers',
    'policy',
    'window',
    'windowBytes',
    'maxQueue',
    'timeout',
    'queueTimeout',
    'retries',
    'grace',
  ],
  ...[
    'inline',
    'preload',
    'traceSubmit',
    'whenEmpty',
    'growAfter',
    'idleTimeout',
    'heartbeat',
    'check',
    'entry',
  ],
  ...['niceIncrement', 'outlierDetection', 'priority', 'onProgress', 'ordered', 'weight', 'errors', 'cause'],
  ...[
    'isExtra',
    'replaces',
    'limit',
    'observe',
    'member',
    'called',
    'resource',
    'permission',
    'takesSignals',
  ],
  ...['choiceCount', 'minRingSize', 'decayTime', 'min', 'max', 'silence', 'whileRunning', 'NODE_OPTIONS'],
];
for (const name of names) {
  Object.defineProperty(Object.prototype, name, {
    value: 'polluted',
    configurable: true,
    writable: true,
    enumerable: true,
  });
}
