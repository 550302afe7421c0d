// What `leastwork hash FOLDER` does, as one would write it without threads. Prints the digests. `node
// one-core.mjs FOLDER…`
import { createHash } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { filesBelow } from './files.mjs';

const lines = process.argv
  .slice(2)
  .flatMap(filesBelow)
  .map((file) => {
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    return `${digest}  ${file}\n`;
  });
const bytes = Buffer.from(lines.join(''));
for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
