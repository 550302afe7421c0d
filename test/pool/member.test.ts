import { describe, expect, it } from 'vitest';
import type { StartAttempt } from '../../dist/src/pool/circuit.js';
import { Member, type MemberState } from '../../dist/src/pool/member.js';
import type { Worker } from '../../dist/src/worker/worker.js';

const attempt: StartAttempt = { succeeded() {}, failed() {}, abandoned() {} };
let lastId = 0;
const member = (how: { replaces?: Member } = {}) =>
  new Member({ id: ++lastId } as unknown as Worker, attempt, how);

/** A member that has come into a state by the calls that the pool makes. */
const inState = (state: MemberState): Member => {
  const made = member();
  if (state === 'starting') return made;
  if (state === 'abandoned') made.leave();
  else if (state === 'failed') made.end();
  else if (state === 'in-reserve') made.enter('in-reserve');
  else {
    made.enter('serving');
    if (state === 'being-replaced') member({ replaces: made });
    if (state === 'leaving') made.leave();
    if (state === 'gone') made.end();
  }
  return made;
};

describe('membership', () => {
  it.each<[MemberState, { isStaying: boolean; getsRequests: boolean; counts: boolean }]>([
    ['starting', { isStaying: true, getsRequests: false, counts: true }],
    ['in-reserve', { isStaying: true, getsRequests: false, counts: true }],
    ['serving', { isStaying: true, getsRequests: true, counts: true }],
    ['being-replaced', { isStaying: true, getsRequests: true, counts: false }],
    ['abandoned', { isStaying: false, getsRequests: false, counts: false }],
    ['leaving', { isStaying: false, getsRequests: false, counts: false }],
    ['failed', { isStaying: false, getsRequests: false, counts: false }],
    ['gone', { isStaying: false, getsRequests: false, counts: false }],
  ])('%s', (state, predicates) => {
    const made = inState(state);
    const { isStaying, getsRequests, counts } = made;
    expect({ state: made.state, isStaying, getsRequests, counts }).toEqual({ state, ...predicates });
    // Leaving twice is leaving once; an end is final.
    made.leave();
    expect(made.isStaying).toBe(false);
    if (state === 'failed' || state === 'gone') expect(() => made.end()).toThrow(`no way from ${state}`);
    else made.end();
    expect(() => made.enter('serving')).toThrow('no way from');
  });

  it.each(['leave', 'end'] as const)(
    'a predecessor serves on when its successor is to %s before it is ready',
    (what) => {
      const predecessor = inState('serving');
      const successor = member({ replaces: predecessor });
      expect(predecessor.state).toBe('being-replaced');
      successor[what]();
      expect(predecessor.state).toBe('serving');
    },
  );

  it.each(['leave', 'end'] as const)(
    'a predecessor serves on when its successor is to %s in reserve',
    (what) => {
      const predecessor = inState('serving');
      const successor = member({ replaces: predecessor });
      successor.enter('in-reserve');
      successor[what]();
      expect(predecessor.state).toBe('serving');
    },
  );

  it('a predecessor that has left meanwhile does not come back', () => {
    const predecessor = inState('serving');
    const successor = member({ replaces: predecessor });
    predecessor.leave();
    successor.leave();
    expect(predecessor.state).toBe('leaving');
  });

  it('a worker is replaced by one at a time', () => {
    const predecessor = inState('serving');
    member({ replaces: predecessor });
    expect(() => member({ replaces: predecessor })).toThrow('no way from being-replaced');
  });
});
