// Runs in the threads.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** The lines of a file that match, as they are found. */
export async function* search(file, pattern) {
  const expression = new RegExp(pattern);
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      number++;
      if (expression.test(line)) yield { number, line };
    }
  } finally {
    // Also where the reader has left early.
    console.log(`(search read ${number} lines)`);
  }
}
