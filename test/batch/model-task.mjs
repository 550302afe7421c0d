// The function of the model test: each line says what is to become of it, as `NUMBER KIND SIZE`.
import { existsSync, writeFileSync } from 'node:fs';

const busy = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

export function outcome(line) {
  const [n, kind, size] = line.split(' ');
  switch (kind) {
    case 'none':
      return undefined;
    case 'long':
      return `${n} `.repeat(Number(size));
    case 'many':
      return Array.from({ length: Number(size) }, (_, i) => `${n}:${i}`);
    case 'throws':
      throw new Error('x'.repeat(Number(size)));
    case 'exits':
      return process.exit(3);
    case 'later':
      return new Promise((resolve) => setTimeout(resolve, 5, n));
    case 'slow':
      busy(15);
      return n;
    case 'once-throws':
    case 'once-exits': {
      const mark = `${process.env.MARKS}/${n}`;
      if (existsSync(mark)) return n;
      writeFileSync(mark, '');
      if (kind === 'once-exits') process.exit(1);
      throw new Error('once');
    }
    default:
      return n;
  }
}
