/** Whether two types are the same, not only assignable to each other. */
type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false;

/** `expectType<Expected>()(value, true)` compiles if the value's type is exactly that. */
export function expectType<Expected>() {
  return <Actual>(_value: Actual, _same: Same<Expected, Actual>): void => {};
}
