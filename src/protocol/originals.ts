/**
 * The function behind fakes of @sinonjs/fake-timers (sinon, vitest, jest), which keep it in their property
 * `clock`. Fakes may be installed on top of each other.
 * @param name the function's name
 */
export function originalOf<F extends object>(given: F, name: string): F {
  let at = given;
  for (let depth = 0; depth < MOST_FAKES && Object.hasOwn(at, 'clock'); depth++) {
    const { clock } = at as { clock?: Record<string, unknown> };
    const original = clock?.[`_${name}`];
    if (typeof original !== 'function') break;
    at = original as unknown as F;
  }
  return at;
}

const MOST_FAKES = 8;
