import { setFlagsFromString } from 'node:v8';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, expect, it } from 'vitest';

// The engine keeps small integers in another form than doubles: a loop that counts to a double is slower.
let balancer: Balancer;
beforeAll(() => {
  setFlagsFromString('--allow-natives-syntax');
  balancer = new Balancer({ workers: 1 });
});
afterAll(async () => {
  await balancer.close();
  setFlagsFromString('--no-allow-natives-syntax');
});

const isSmall = (value: number): boolean => new Function('value', 'return %IsSmi(value)')(value);

it('integers arrive as integers, doubles as doubles', async () => {
  for (const value of [0, 1, -1, 2 ** 30 - 1, -(2 ** 30)]) {
    expect(await balancer.submit(isSmall, [value]), `argument ${value}`).toBe(true);
    expect(isSmall(await balancer.submit((given: number) => given, [value])), `result ${value}`).toBe(true);
  }
  for (const value of [-0, 0.5, 2 ** 31, Number.NaN]) {
    expect(await balancer.submit(isSmall, [value]), `argument ${value}`).toBe(false);
    const result = await balancer.submit((given: number) => given, [value]);
    expect(Object.is(result, value), `result ${value}`).toBe(true);
  }
});
