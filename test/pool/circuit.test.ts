import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { BACKOFF_DEFAULTS, Backoff } from '../../dist/src/pool/backoff.js';
import {
  CIRCUIT_THRESHOLD_DEFAULT,
  CIRCUIT_TRANSITIONS,
  Circuit,
  type StartAttempt,
} from '../../dist/src/pool/circuit.js';

const newCircuit = (threshold = CIRCUIT_THRESHOLD_DEFAULT) =>
  new Circuit(threshold, new Backoff({ ...BACKOFF_DEFAULTS, jitter: 'none' }, Math.random));

describe('circuit for starts of workers', () => {
  let circuit: Circuit;
  /** Fails one start after another, each as soon as it is allowed; returns the time of the last failure. */
  const fail = (times: number, from = 0): number => {
    let now = from;
    for (let i = 0; i < times; i++) {
      now = Math.max(now, circuit.retryAt ?? now);
      circuit.begin(now).failed(now, `cause ${i + 1}`);
    }
    return now;
  };
  beforeEach(() => {
    circuit = newCircuit();
  });

  it('is closed at first and allows any number of starts', () => {
    expect(circuit.snapshot()).toEqual({
      state: 'closed',
      failures: 0,
      retryAt: undefined,
      cause: undefined,
    });
    for (let i = 0; i < 8; i++) circuit.begin(0).succeeded();
    expect(circuit.state).toBe('closed');
  });

  it('allows a start at once where somebody asks for it, and delays the next one as before', () => {
    const failedAt = fail(CIRCUIT_THRESHOLD_DEFAULT);
    const { retryAt } = circuit;
    expect(circuit.allows(failedAt)).toBe(false);
    circuit.retryNow();
    expect(circuit.allows(failedAt)).toBe(true);
    circuit.begin(failedAt).failed(failedAt, 'again');
    expect(circuit.state).toBe('open');
    expect(circuit.retryAt).toBeGreaterThan(retryAt as number);
  });

  it('delays the next start after a failure, still closed', () => {
    circuit.begin(1000).failed(1040, 'boom');
    expect(circuit.snapshot()).toEqual({ state: 'closed', failures: 1, retryAt: 1140, cause: 'boom' });
    expect(circuit.allows(1139)).toBe(false);
    expect(circuit.allows(1140)).toBe(true);
    expect(() => circuit.begin(1139)).toThrow('does not allow');
  });

  it('opens after three failures in a row, carrying the last cause', () => {
    fail(2);
    expect(circuit.state).toBe('closed');
    fail(1, 100);
    expect(circuit.snapshot()).toEqual({ state: 'open', failures: 3, retryAt: 300 + 400, cause: 'cause 1' });
  });

  it('counts failures in a row only', () => {
    fail(2);
    circuit.begin(10_000).succeeded();
    fail(2, 20_000);
    expect(circuit.state).toBe('closed');
    fail(1, 30_000);
    expect(circuit.state).toBe('open');
  });

  it('half-open allows one attempt after the backoff; its success closes', () => {
    fail(3);
    const retryAt = circuit.retryAt!;
    expect(circuit.allows(retryAt - 1)).toBe(false);
    const attempt = circuit.begin(retryAt);
    expect(circuit.state).toBe('half-open');
    expect(circuit.allows(retryAt + 1e9)).toBe(false);
    attempt.succeeded();
    expect(circuit.snapshot()).toEqual({
      state: 'closed',
      failures: 0,
      retryAt: undefined,
      cause: undefined,
    });
    circuit.begin(retryAt).failed(retryAt, 'again');
    expect(circuit.retryAt).toBe(retryAt + 100);
  });

  it('its failure opens again, for longer', () => {
    fail(3);
    const first = circuit.retryAt! - 300;
    const now = circuit.retryAt!;
    circuit.begin(now).failed(now, 'still');
    expect(circuit.state).toBe('open');
    expect(circuit.retryAt! - now).toBe(2 * first);
    expect(circuit.cause).toBe('still');
  });

  it('an abandoned attempt changes nothing but leaves half-open', () => {
    fail(3);
    const before = circuit.snapshot();
    circuit.begin(circuit.retryAt!).abandoned();
    expect(circuit.snapshot()).toEqual(before);
    expect(circuit.allows(before.retryAt!)).toBe(true);
    circuit = newCircuit();
    circuit.begin(0).abandoned();
    expect(circuit.snapshot().failures).toBe(0);
  });

  it('starts that fail together raise the backoff once, and open only when one alone has failed, too', () => {
    const attempts = Array.from({ length: 8 }, () => circuit.begin(0));
    for (const attempt of attempts) attempt.failed(50, 'all');
    expect(circuit.snapshot()).toEqual({ state: 'closed', failures: 8, retryAt: 150, cause: 'all' });
    expect(circuit.isTrying).toBe(false);
    const alone = circuit.begin(150);
    expect(circuit.isTrying).toBe(true);
    alone.failed(200, 'alone');
    expect(circuit.isTrying).toBe(false);
    expect(circuit.snapshot()).toEqual({ state: 'open', failures: 9, retryAt: 400, cause: 'alone' });
  });

  it('a start that is over before another one fails does not count as beside it', () => {
    circuit.begin(0).abandoned();
    fail(3);
    expect(circuit.state).toBe('open');
  });

  it('a start under way when the reason of failures may have gone delays none after it', () => {
    fail(3);
    const probe = circuit.begin(circuit.retryAt as number);
    circuit.retryNow();
    probe.failed(5_000, 'before');
    expect(circuit.state).toBe('open');
    expect(circuit.allows(5_000)).toBe(true);
  });

  it('one that is slow keeps it closed while others fail', () => {
    const slow = circuit.begin(0);
    fail(3);
    expect(circuit.state).toBe('closed');
    slow.succeeded();
    expect(circuit.snapshot()).toMatchObject({ state: 'closed', failures: 0, retryAt: undefined });
  });

  it('an attempt ends once', () => {
    const attempt = circuit.begin(0);
    attempt.failed(0, 'first');
    attempt.failed(0, 'second');
    attempt.succeeded();
    attempt.abandoned();
    expect(circuit.snapshot()).toMatchObject({ failures: 1, cause: 'first' });
  });

  it('a threshold of 1 opens at the first failure', () => {
    circuit = newCircuit(1);
    fail(1);
    expect(circuit.state).toBe('open');
  });

  it('keeps to its transition table, never gets stuck, and has one probe at a time, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom('begin', 'succeeded', 'failed', 'abandoned'), fc.nat(7), fc.nat(3000)),
          {
            maxLength: 60,
          },
        ),
        (events) => {
          circuit = newCircuit();
          const under: StartAttempt[] = [];
          let now = 0;
          for (const [event, index, later] of events) {
            now += later;
            const before = circuit.state;
            if (event === 'begin') {
              if (circuit.allows(now)) under.push(circuit.begin(now));
            } else {
              const [attempt] = under.splice(index % (under.length || 1), 1);
              if (event === 'succeeded') attempt?.succeeded();
              if (event === 'failed') attempt?.failed(now, event);
              if (event === 'abandoned') attempt?.abandoned();
            }
            if (circuit.state !== before) expect(CIRCUIT_TRANSITIONS[before]).toContain(circuit.state);
            if (circuit.state === 'half-open') expect(under.length).toBeGreaterThan(0);
            else expect(circuit.allows(circuit.retryAt ?? now)).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
