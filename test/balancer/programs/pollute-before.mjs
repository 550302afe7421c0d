// What `Object.prototype` has when the package is loaded: names of which descriptors are made.
globalThis.whenLoading = () => {
  for (const name of ['get', 'set', 'value', 'writable']) {
    Object.defineProperty(Object.prototype, name, {
      __proto__: null,
      value: 'polluted',
      configurable: true,
      writable: true,
      enumerable: true,
    });
  }
};
