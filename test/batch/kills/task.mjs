// The function of the kill tests. What it gives depends on the item alone; that it may fail, or end its
// thread, before it gives that is left to chance, and so is the time that it takes.
export function row(line) {
  const { n } = JSON.parse(line);
  const end = performance.now() + Math.random() * 0.6;
  while (performance.now() < end);
  // First, since the last attempt is the one that is reported.
  if (n % 97 === 0) throw new RangeError(`never ${n}`);
  const chance = Math.random();
  if (chance < 0.0005) process.exit(1);
  if (chance < 0.004) throw new Error('for now');
  if (n % 10 === 0) return undefined;
  return n % 7 === 0 ? [`${n} é`, { n }] : `${n} ${'x'.repeat(n % 50)}`;
}
