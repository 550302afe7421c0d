module.exports = () => 'helper.cjs';
