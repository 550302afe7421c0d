import { readdirSync } from 'node:fs';
import path from 'node:path';

/** The regular files below a folder, in the bytewise order of their paths. */
export function filesBelow(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  return files
    .map((file) => Buffer.from(file))
    .sort(Buffer.compare)
    .map(String);
}
