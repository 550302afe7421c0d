/** Three tasks of a service. */

function compute(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Some ms each. */
export function thumbnail() {
  compute(2 + 2 * Math.random());
}

/** Quick as a rule; one in fifty takes a hundred times as long: the mean hides it, p99 does not. */
export function parse() {
  compute(Math.random() < 0.02 ? 150 : 1.5);
}

/** Never comes back from what it was given. */
export function convert() {
  for (;;);
}
