/** What is submitted: request n of a seed is always the same, whatever became of the others. */
import { faults } from './faults.mjs';
import { Random, Weighted } from './random.mjs';
import { several } from './several.mjs';
import { slowCallers } from './slow-callers.mjs';
import { stress } from './stress.mjs';
import { values } from './values.mjs';

const kinds = Object.entries({ ...values, ...several, ...stress, ...slowCallers, ...faults }).map(
  ([name, kind]) => ({
    name,
    ...kind,
  }),
);
const byWeight = new Weighted(kinds);

/** Of all kinds, in the order of the table. */
export const kindNames = kinds.map(({ name }) => name);

/** Signals that many requests share; each is aborted some time. */
export class SharedSignals {
  #seed;
  #controls = [];

  constructor(seed) {
    this.#seed = seed;
  }

  /** The signal of request n; a new one every thousand requests. */
  at(n) {
    const i = Math.floor(n / 1000);
    this.#controls[i] ??= new AbortController();
    return this.#controls[i].signal;
  }

  /** To be called with each n: aborts those whose time has come. */
  pass(n) {
    if (n % 1000 !== 500 || n < 1000) return;
    const i = Math.floor(n / 1000) - 1;
    // Every other one is never aborted: its listeners have to go by themselves.
    if (new Random(this.#seed, -1 - i).percent(50)) this.#controls[i]?.abort(`shared signal ${i}`);
  }

  *[Symbol.iterator]() {
    for (const control of this.#controls) if (control !== undefined) yield control.signal;
  }
}

/** Makes request n of the mixture. */
export function planOf(seed, n, sharedSignals) {
  const random = new Random(seed, n);
  const kind = byWeight.draw(random);
  const plan = kind.make(n, random);
  plan.kind = kind.name;
  plan.n = n;
  if (!plan.fixed) addOptions(plan, n, random, sharedSignals);
  // How the submitting goes on after this one.
  plan.turns = random.percent(2) ? 1 : 0;
  plan.pause = random.percent(0.02) ? random.integer(1, 20) : 0;
  return plan;
}

/** What any request may have. */
function addOptions(plan, n, random, sharedSignals) {
  const options = { ...plan.options };
  if (random.percent(15)) options.priority = random.pick([-1, -0.5, 1, 2.5]);
  if (random.percent(5)) options.key = `key ${random.integer(0, 9)}`;
  if (random.percent(2)) options.queueTimeout = random.integer(1, 60);
  if (random.percent(2)) options.timeout = random.pick([1, 5, 1_000]);
  if (random.percent(2) && !plan.once && plan.kind !== 'progress') options.retries = random.integer(1, 2);
  if (random.percent(3)) {
    options.signal = sharedSignals.at(n);
  } else if (random.percent(4)) {
    const control = new AbortController();
    options.signal = control.signal;
    const reason = { aborted: n };
    const turns = random.integer(0, 5);
    plan.abort = () => inTurns(turns, () => control.abort(reason));
  }
  plan.pushes = random.percent(2);
  // Most requests have no options at all, and there is a shorter way for these.
  plan.options = Object.keys(options).length === 0 ? undefined : options;
}

function inTurns(turns, act) {
  if (turns === 0) act();
  else setImmediate(inTurns, turns - 1, act);
}
