// Runs in the threads of the machines.

/** How many primes are in the 10,000 numbers from `n` × 10,000: by division, so that it takes a while. */
export function primesIn(n) {
  let count = 0;
  for (let i = n * 10_000; i < (n + 1) * 10_000; i++) if (isPrime(i)) count++;
  // The machine's process, to see who did it.
  return { count, pid: process.pid };
}

function isPrime(n) {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return n > 1;
}
