// Loaded before anything else in each thread: notes what is compiled by `vm.Script`, in `globalThis.compiles`.
// With SPOIL in the environment, compiled code is not what V8 has made.
const vm = require('node:vm');

const compiles = [];
globalThis.compiles = compiles;
vm.Script = class extends vm.Script {
  constructor(source, options) {
    const { filename, cachedData } = options ?? {};
    if (process.env.SPOIL !== undefined) cachedData?.fill(1);
    super(source, options);
    if (!filename?.endsWith('main.cjs')) return;
    compiles.push(cachedData === undefined ? 'text' : this.cachedDataRejected ? 'refused' : 'code');
  }
};
