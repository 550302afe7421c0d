import { expect, it } from 'vitest';
import { Vacancies } from '../../dist/src/pool/vacancies.js';

const place = (label: string) => ({ label, weight: 1, slot: 0 });

it('are filled in the order in which they became vacant', () => {
  const vacancies = new Vacancies();
  vacancies.add(place('b'));
  vacancies.add(place('a'));
  expect([vacancies.take(0), vacancies.take(0), vacancies.take(0)]).toEqual([
    place('b'),
    place('a'),
    undefined,
  ]);
});

it('may be reserved for a time, which holds up no other', () => {
  const vacancies = new Vacancies();
  vacancies.add(place('late'), 100);
  vacancies.add(place('later'), 200);
  vacancies.add(place('now'));
  expect(vacancies.reserved(0)).toBe(2);
  expect(vacancies.nextAfter(0)).toBe(100);
  expect(vacancies.take(0)).toEqual(place('now'));
  expect(vacancies.take(99)).toBe(undefined);
  expect(vacancies.reserved(100)).toBe(1);
  expect(vacancies.nextAfter(100)).toBe(200);
  expect(vacancies.take(100)).toEqual(place('late'));
  expect(vacancies.take(200)).toEqual(place('later'));
  expect(vacancies.nextAfter(200)).toBe(Number.POSITIVE_INFINITY);
});

it('are given up from the youngest on', () => {
  const vacancies = new Vacancies();
  for (const label of ['a', 'b', 'c']) vacancies.add(place(label));
  vacancies.keep(3);
  expect(vacancies.has('c')).toBe(true);
  vacancies.keep(1);
  expect(['a', 'b', 'c'].filter((label) => vacancies.has(label))).toEqual(['a']);
  vacancies.keep(-1);
  expect(vacancies.has('a')).toBe(false);
});
