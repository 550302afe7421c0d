/** Three tasks of a service. */

function compute(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Some ms each. */
export function thumbnail() {
  compute(2 + 2 * Math.random());
}

let parsed = 0;

/** Quick as a rule; each thirtieth takes a hundred times as long: the mean hides it, p99 does not. */
export function parse() {
  compute(++parsed % 30 === 0 ? 150 : 1.5);
}

/** Waits for a lock that nobody gives back. */
export function convert() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
