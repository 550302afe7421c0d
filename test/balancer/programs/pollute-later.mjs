// What a prototype pollution might set in a program that runs: names that Node and the package read where they start
// threads, load files, define properties, or look at lists.
globalThis.whenLoaded = () => {
  const names = [
    ...['0', '1', '2', 'get', 'set', 'value', 'writable', 'enumerable', 'configurable'],
    ...['path', 'encoding', 'body', 'chunk', 'has', 'apply', 'ownKeys', 'deleteProperty'],
    ...[
      'highWaterMark',
      'objectMode',
      'captureRejections',
      'done',
      'next',
      'default',
      'source',
      'type',
      'module',
    ],
  ];
  for (const name of names) {
    for (const { prototype } of name < '9' ? [Object, Array] : [Object])
      Object.defineProperty(prototype, name, {
        __proto__: null,
        value: 'polluted',
        configurable: true,
        writable: true,
        enumerable: true,
      });
  }
};
