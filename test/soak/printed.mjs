/** What tasks print: counted by request, and kept from this program's own output. */
const counts = new Map();
let rest = '';

/** Takes the lines of tasks out of what goes to standard output. */
export function catchOutput() {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk, ...others) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    if (rest === '' && !text.startsWith('soak ')) return write(chunk, ...others);
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) note(line);
    return true;
  };
}

/** How many lines of a request have come, each in its turn. */
export const linesOf = (n) => counts.get(n) ?? 0;

function note(line) {
  const [, n, i] = /^soak (\d+) (\d+)$/.exec(line) ?? [];
  const seen = linesOf(Number(n));
  // One that is out of turn is not counted, and so missed. A request that was run again begins anew.
  if (Number(i) === 0) counts.set(Number(n), 1);
  else if (Number(i) === seen) counts.set(Number(n), seen + 1);
}
