// Values of every kind and size: made anew on each call, since a test compares copies with originals.

const many = (make) => Array.from({ length: 500 }, (_, i) => make(i));

module.exports = () => {
  const twice = { twice: true };
  return {
    'a small object': { a: 1, b: [true, null, 'text'] },
    'an empty list': [],
    'a large list': many((i) => ({ id: i, name: `item ${i}`, tags: ['a', 'b'] })),
    'a large text': { text: 'x'.repeat(100_000) },
    'a deep list': many((i) => i).reduce((inner, i) => (i < 100 ? [inner] : inner), []),
    'one object, twice': { first: twice, second: twice, more: many((i) => i) },
    'undefined in a list': { list: [undefined, 1], none: undefined },
    'a Map': new Map([
      ['key', { list: [1, 2] }],
      ['other', new Map()],
    ]),
    'a large Map': new Map(many((i) => [i, { i }])),
    'a Set': new Set([1, 'two', { three: 3 }]),
    'a Date': { date: new Date(1e12) },
    'a RegExp': { pattern: /a+b/giu },
    'a bigint': { big: 2n ** 70n },
    'a Uint8Array': new Uint8Array([1, 2, 3]),
    'a large Uint8Array': { bytes: new Uint8Array(200_000).fill(7) },
    'a Float64Array': { numbers: new Float64Array(many((i) => i / 2)) },
    'an ArrayBuffer': { buffer: new Uint8Array([1, 2, 3]).buffer },
    'a Buffer': Buffer.from('text'),
    'a large Buffer': { buffer: Buffer.alloc(200_000, 'text') },
    'an object that is a number': { boxed: Object(1), more: new Map([[1, Object('text')]]) },
    'an Error': new RangeError('out of range', { cause: new TypeError('why') }),
    'Errors in a list': many((i) => (i % 100 === 0 ? new SyntaxError(`error ${i}`) : { i })),
  };
};
