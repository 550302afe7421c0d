import { expect, it } from 'vitest';
import { didYouMean } from '../../dist/src/errors/did-you-mean.js';

it.each([
  ['maxqueue', ['maxQueue', 'workers'], 'maxQueue'],
  ['queueTimout', ['timeout', 'queueTimeout'], 'queueTimeout'],
  ['timout', ['queueTimeout', 'timeout'], 'timeout'],
  ['sah256', ['sha256', 'sha1'], 'sha256'],
  ['sha255', ['sha2', 'sha256'], 'sha256'],
  ['concurrency', ['workers', 'window'], undefined],
  ['ab', ['cd', 'ac'], 'ac'],
  ['a', ['b'], undefined],
  ['', ['a'], undefined],
  ['x', [], undefined],
])('%s among %j: %s', (given, names, meant) => {
  expect(didYouMean(given, names)).toBe(meant);
});
