import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from './random.mjs';

/** Trees of files for the benchmark of the command, in a folder of their own. */

const FILES_PER_FOLDER = 100;
const CHUNK = 2 ** 20;

export class Trees {
  #root = mkdtempSync(join(tmpdir(), 'leastwork-bench-'));

  /** A path beside the trees. @param {string} name */
  file(name) {
    return join(this.#root, name);
  }

  /**
   * Files whose sizes are evenly spread.
   * @param {number} count
   * @param {number} most in bytes, each
   */
  small(count, most) {
    const root = this.file(`small-${count}-${most}`);
    const random = seeded(count);
    for (let i = 0; i < count; i++) {
      const folder = join(root, String(Math.floor(i / FILES_PER_FOLDER)));
      if (i % FILES_PER_FOLDER === 0) mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${i}.txt`), Buffer.alloc(Math.floor(random() * most), i % 251));
    }
    return root;
  }

  /**
   * A few files that are large.
   * @param {number} count
   * @param {number} size in bytes, each
   */
  large(count, size) {
    const root = this.file('large');
    mkdirSync(root);
    const chunk = Buffer.alloc(CHUNK, 'no two chunks are alike: ');
    for (let i = 0; i < count; i++) {
      const file = openSync(join(root, `${i}.bin`), 'w');
      for (let at = 0; at < size; at += chunk.length) {
        chunk.writeDoubleLE(at + i, 0);
        writeSync(file, chunk, 0, Math.min(chunk.length, size - at));
      }
      closeSync(file);
    }
    return root;
  }

  /** The lines of a file beside the trees, in order. @param {string} name */
  sortedLines(name) {
    return readFileSync(this.file(name), 'latin1').split('\n').sort();
  }

  remove() {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
