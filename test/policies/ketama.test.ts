import { describe, expect, test } from 'vitest';
import { crc32 } from '../../dist/src/policies/support/crc32.js';
import { type Host, KetamaRing } from '../../dist/src/policies/support/ketama.js';

/**
 * Some of nginx's own choices among 10.0.0.1:443 … 10.0.0.9:443 with weight 100 each: the key, and the
 * address's last number.
 */
const NGINX: readonly (readonly [string, number])[] = [
  ['/81fa1d251d605775d647b5b55565e71526d4cef6', 7],
  ['/f428a38a0d3dbbb12d475aa8f5be917147175eaf', 6],
  ['/cf85a0000f38ac5346ddddd8cc0c28a054bbe60c', 5],
  ['/d5caa3e251ad2dd28ba82c3dcb99bff6d368e2a0', 1],
  ['/20ffdb8b43d521aee3c81cbb668b94828bf3f86d', 9],
  ['/508445e1be7b2b4495f2eb5907530bb095e98ea7', 5],
  ['/558d5eeb99c6f1cfd6367fb101392072e5140c44', 7],
  ['/49559040bdef5e1a5dc8ee89f897b79115ef1bfe', 7],
  ['/83d46e2ff9cd7bb557c1b00533a0e4f1733df84b', 1],
  ['/8d2bffec729dd863e6dcdaeaefca22d6e29403bb', 2],
  ['/48a468d706a7cc4b07c0e74695a9c2f64012b02a', 2],
  ['/9d433be2cca7907dae1b8c24900edc5adb6065bf', 2],
  ['/90350e060dff6a507e69bd80c38629a2d9bf12b9', 1],
  ['/32a8a7a0678c834e2cc7ec0584cd193fd1fd91e5', 5],
  ['/940b2a895c5540f5dd079f7ba930962980bf4e77', 7],
  ['/e2e2680aff762da702475c5307a31779cab5595a', 4],
  ['/f20e309d5d7d97489cc0d5ad3737af32008968cb', 6],
  ['/22b7965fa39aba2195e1fdc1e845e01f378c3d51', 8],
  ['/cb7c13c7fd7c12a0226dca64d01f154380b26ad5', 1],
  ['/22eb9772d6538887bfc57bad65ef8a72d7ede1d6', 7],
  ['/c9c04880224d2977fa60a0eef06d1c795fe6a423', 9],
  ['/cb78173624dc4cb41a7b0237d17f7af6a083ea18', 2],
  ['/4de1baf0df9a5653c30ba33552d107c8050ba65a', 4],
  ['/815a0974398d76788a4b3da7d0cca31f126d7de4', 9],
  ['/f0468f9ae142e357977988238dd0688c49773aa0', 4],
  ['/391aed0b4c3552fe6045ee9e9fa5b1d749dad8f8', 5],
  ['/7bc73bd36bbd732b25e146e2f1b01003eb159775', 6],
  ['/6fb7e55aa135073aafdaee252c0d41711f0012cf', 2],
  ['/57e7abe6d05fe0443800929dcf46315bc5135519', 4],
  ['/42d5cfb85dba89806546ac382f61fd909cdd40e9', 2],
  ['/e4c7719fd87bd86bf5c818a7aa38af4d50691d51', 6],
  ['/20277b4366206f795ed97f4631baa755636ddc1e', 6],
  ['/9445a32fc9ea94e27622826699123272ca5bb38a', 8],
  ['/20258376b3bf0e3221118d0b5af2c4b8fa99fef6', 6],
  ['/495d1913174caaaae68eda040e329cf9ab6b807c', 2],
  ['/3fca3907c98117eb1920bd03179a35aee3cf1939', 3],
];

function hosts(count: number, label: (index: number) => string, weight = 1): Host[] {
  return Array.from({ length: count }, (_, index) => ({ label: label(index), weight }));
}

describe('agrees with nginx', () => {
  const heavy = hosts(9, (index) => `10.0.0.${index + 1}:443`, 100);
  const ring = new KetamaRing(heavy);
  test.each(NGINX)('%s belongs to 10.0.0.%d:443', (key, last) => {
    expect(heavy[ring.find(key)!]!.label).toBe(`10.0.0.${last}:443`);
  });

  const pair = hosts(2, (index) => `127.0.0.1:${7777 + index}`);
  const pairRing = new KetamaRing(pair);
  test.each([
    ['/some/path', 7778],
    ['/some/longer/path', 7777],
    ['/sad/zaidoon', 7778],
    ['/g', 7777],
  ])('%s belongs to 127.0.0.1:%d', (key, port) => {
    expect(pair[pairRing.find(key)!]!.label).toBe(`127.0.0.1:${port}`);
  });
});

describe('a host that is added', () => {
  test.each([
    [4, 21.7],
    [8, 12.4],
    [10, 9.1],
  ])('to %d moves %d percent of 20,000 keys, and none between old ones', (count, percent) => {
    const all = hosts(count + 1, (index) => `n${index}:443`);
    const before = new KetamaRing(all.slice(0, count));
    const after = new KetamaRing(all);
    let moved = 0;
    for (let i = 0; i < 20_000; i++) {
      const owner = after.find(`/${i}`);
      if (owner === before.find(`/${i}`)) continue;
      expect(owner).toBe(count);
      moved += 1;
    }
    expect(Math.abs((100 * moved) / 20_000 - percent)).toBeLessThan(0.1);
  });
});

test('the order of the hosts does not matter', () => {
  const forth = hosts(20, (index) => `worker-${index}`);
  const back = forth.toReversed();
  const rings = [new KetamaRing(forth), new KetamaRing(back)] as const;
  for (let i = 0; i < 1000; i++) {
    expect(back[rings[1].find(`key-${i}`)!]).toBe(forth[rings[0].find(`key-${i}`)!]);
  }

  // Two labels with the same crc32 have the same points.
  const twins = ['plumless', 'buckeroo'].map((label) => ({ label, weight: 1 }));
  for (const pair of [twins, twins.toReversed()]) {
    expect(pair[new KetamaRing(pair).find('key')!]!.label).toBe('buckeroo');
  }
});

test('a host has 160 points × weight, at least one, fewer only where points coincide', () => {
  expect(new KetamaRing(hosts(1, () => 'a')).size).toBe(160);
  expect(new KetamaRing(hosts(1, () => 'a', 2.5)).size).toBe(400);
  expect(new KetamaRing(hosts(1, () => 'a', 0.001)).size).toBe(1);
  expect(new KetamaRing(hosts(2, () => 'the same')).size).toBe(160);
});

test('the size of the ring can be bounded', () => {
  const many = hosts(10, (index) => `worker-${index}`);
  expect(new KetamaRing(many, { max: 200 }).size).toBe(200);
  expect(new KetamaRing(many, { min: 3200 }).size).toBe(3200);
  expect(new KetamaRing(many, { min: 10, max: 100_000 }).size).toBe(1600);
});

test('without hosts there is no owner', () => {
  expect(new KetamaRing([]).find('key')).toBeUndefined();
});

test('the crc32 is that of the UTF-8 bytes', () => {
  expect(crc32('')).toBe(0);
  expect(crc32('123456789')).toBe(0xcbf43926);
  expect(crc32('schön')).toBe(0x970861c5);
});
