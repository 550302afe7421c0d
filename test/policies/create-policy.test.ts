import { describe, expect, test } from 'vitest';
import { InvalidOptionError } from '../../dist/src/errors/errors.js';
import { createPolicy, type PolicyOption, policyNames } from '../../dist/src/policies/index.js';
import { fakeContext } from './harness.js';

const create = (option: unknown) => createPolicy(option as PolicyOption, fakeContext());

describe('by name', () => {
  test.each(policyNames)('%s', (name) => {
    expect(create(name).name).toBe(name);
  });

  test.each([
    ['pick_first', 'pick-first'],
    ['round_robin', 'round-robin'],
    ['weighted_round_robin', 'weighted-by-load'],
    ['least_request', 'least-request'],
    ['least_request_experimental', 'least-request'],
    ['ring_hash', 'hash'],
    ['ring_hash_experimental', 'hash'],
  ])("gRPC's %s is %s, as a name and in a config", (alias, name) => {
    expect(create(alias).name).toBe(name);
    expect(create([{ [alias]: {} }]).name).toBe(name);
  });
});

describe('by config', () => {
  test('the first known name wins, whatever comes before and after it', () => {
    expect(create([{ of_the_future: { x: 1 } }, { random: {} }, { 'least-work': {} }]).name).toBe('random');
  });

  test.each([
    [[{ 'least-request': { choiceCount: 10 } }]],
    [[{ ring_hash: { minRingSize: 1024, maxRingSize: 4096 } }]],
    [[{ 'peak-ewma': { decayTime: '.05s' } }]],
    [
      [
        {
          weighted_round_robin: {
            blackoutPeriod: '0s',
            weightExpirationPeriod: '180s',
            weightUpdatePeriod: 50,
          },
        },
      ],
    ],
    [[{ weighted_round_robin: { errorUtilizationPenalty: 0 } }]],
    [[{ pick_first: { shuffleAddressList: true } }]],
    [[{ 'least-request': { choiceCount: undefined } }]],
  ])('%j is valid', (config) => {
    expect(() => create(config)).not.toThrow();
  });
});

test('the types know names, configs and their fields', () => {
  const valid: PolicyOption[] = [
    'least-work',
    'round_robin',
    [{ of_the_future: { anything: 1 } }, { 'least-request': { choiceCount: 3 } }],
    [{ ring_hash_experimental: { minRingSize: 1024 } }],
    [{ 'peak-ewma': { decayTime: '2.5s' } }],
    [{ 'round-robin': {} }],
  ];
  // @ts-expect-error an unknown name
  const unknownName: PolicyOption = 'least-pendign';
  // @ts-expect-error a field of the wrong type
  const wrongType: PolicyOption = [{ 'least-request': { choiceCount: '3' } }];
  // @ts-expect-error a field that the policy does not have
  const unknownField: PolicyOption = [{ 'round-robin': { seed: 1 } }];
  // @ts-expect-error a length of time without its unit
  const noUnit: PolicyOption = [{ 'peak-ewma': { decayTime: '2.5' } }];
  for (const option of valid) expect(() => create(option)).not.toThrow();
  for (const option of [unknownName, wrongType, unknownField, noUnit]) expect(() => create(option)).toThrow();
});

describe('an own policy', () => {
  const own = () => ({ name: 'own', pins: false, add() {}, remove() {}, select() {}, update() {} });

  test('is used as it is', () => {
    const policy = own();
    expect(create(policy)).toBe(policy);
  });

  test('may have its methods from a class', () => {
    class Own {
      name = 'own';
      pins = true;
      add() {}
      remove() {}
      select() {}
      update() {}
      observe() {}
    }
    expect(create(new Own())).toBeInstanceOf(Own);
  });

  test.each(['name', 'pins', 'add', 'remove', 'select', 'update'])(
    'without %s is refused by name',
    (member) => {
      const policy = { ...own(), [member]: undefined };
      expect(() => create(policy)).toThrow(expect.objectContaining({ option: `policy.${member}` }));
    },
  );
});

describe('what is refused names the option, what was given and what is allowed', () => {
  test.each<[unknown, string, RegExp]>([
    [
      'least-pendign',
      'policy',
      /got 'least-pendign', expected a policy's name \(least-pending, least-work, /,
    ],
    ['toString', 'policy', /got 'toString'/],
    [undefined, 'policy', /got undefined/],
    [null, 'policy', /got null/],
    [3, 'policy', /got 3/],
    [() => {}, 'policy', /got a function/],
    [[], 'policy', /got an empty list, expected at least one of/],
    [[{ grpclb: {} }, { xds: {} }], 'policy', /got only unknown names \(grpclb, xds\)/],
    [[{}], 'policy[0]', /got an empty object, expected an object with one key/],
    [[{ a: {}, b: {} }], 'policy[0]', /got an object with a, b/],
    [['random'], 'policy[0]', /got 'random'/],
    [[{ a: {} }, null], 'policy[1]', /got null/],
    [[{ random: 1 }], 'policy[0].random', /got 1, expected an object/],
    [[{ random: [] }], 'policy[0].random', /got an empty array, expected an object/],
    [[{ random: { seed: 1 } }], 'policy[0].random.seed', /unknown option, expected no options/],
    [[{ x: {} }, { hash: { size: 1 } }], 'policy[1].hash.size', /expected one of minRingSize, maxRingSize/],
    [
      [{ 'least-request': { toString: 2 } }],
      'policy[0].least-request.toString',
      /unknown option.*, expected one of choiceCount/,
    ],
    [
      [{ 'least-request': { choiceCount: 1 } }],
      'policy[0].least-request.choiceCount',
      /got 1, expected an integer ≥ 2/,
    ],
    [[{ least_request: { choiceCount: 2.5 } }], 'policy[0].least_request.choiceCount', /got 2.5/],
    [[{ least_request: { choiceCount: '3' } }], 'policy[0].least_request.choiceCount', /got '3'/],
    [[{ hash: { minRingSize: 0 } }], 'policy[0].hash.minRingSize', /an integer from 1/],
    [[{ 'peak-ewma': { decayTime: 0 } }], 'policy[0].peak-ewma.decayTime', /got 0, expected more than 0/],
    [[{ 'peak-ewma': { decayTime: '10' } }], 'policy[0].peak-ewma.decayTime', /got '10'.*as in '1.5s'/],
    [[{ 'peak-ewma': { decayTime: Infinity } }], 'policy[0].peak-ewma.decayTime', /got Infinity/],
    [
      [{ 'weighted-by-load': { errorUtilizationPenalty: -1 } }],
      'policy[0].weighted-by-load.errorUtilizationPenalty',
      /got -1, expected a number ≥ 0/,
    ],
    [[{ pick_first: { shuffleAddressList: 1 } }], 'policy[0].pick_first.shuffleAddressList', /true or false/],
    [{ select() {} }, 'policy.add', /got undefined, expected a function: a custom policy needs it/],
    [
      { 'least-request': {} },
      'policy',
      /got an object with least-request, expected a list of configs, as in \[\{ 'least-request': \{\} \}\]/,
    ],
  ])('%j', (option, name, message) => {
    let error: unknown;
    try {
      create(option);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      option: name,
      message: expect.stringMatching(message),
    });
  });
});
