const assert = require('node:assert/strict');

exports.echo = (value) => value;

/** Whether the thread gets what this realm would make itself. */
exports.check = (name, value) => {
  assert.deepStrictEqual(value, require('./values.js')()[name]);
  return true;
};

exports.numbers = function* (n) {
  for (let i = 0; i < n; i++) yield { i, list: [i] };
};

exports.refuse = (kind) => {
  if (kind === 'object') throw { refused: ['a', { b: 1 }], large: 'x'.repeat(10_000) };
  throw Object.assign(new RangeError('refused'), { details: { list: [1, 2], large: 'x'.repeat(10_000) } });
};
