export function bad() { throw new RangeError('bad') }
export function* gen(n) { for (let i = 0; i < n; i++) yield i }
