// Loaded before anything else in each thread: notes what is compiled by `vm.Script`, in `globalThis.compiles`.
const vm = require('node:vm');

const compiles = [];
globalThis.compiles = compiles;
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    const { filename, cachedData } = options ?? {};
    if (!filename?.endsWith('main.cjs')) return;
    compiles.push(cachedData === undefined ? 'text' : this.cachedDataRejected ? 'refused' : 'code');
  }
};
