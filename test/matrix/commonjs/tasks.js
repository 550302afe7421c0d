exports.sum = (a, b) => a + b;
exports.refuse = () => {
  throw new RangeError('refused');
};
