/** Tells the system the name of this thread, for `top -H` and profilers of the system. */

/** Linux keeps so many bytes of it. */
const MOST_BYTES = 15;

/** Only Linux has a file for it. Elsewhere, and where the permission model forbids it, the name is Node's. */
export function nameThread(name: string): void {
  if (process.platform !== 'linux') return;
  try {
    process.getBuiltinModule('node:fs').writeFileSync('/proc/thread-self/comm', shortened(name));
  } catch {
    // A container without /proc, or no permission.
  }
}

/**
 * What tells threads apart comes last, so it is the beginning that is cut: `leastwork worker 3` becomes
 * `leastwork 3`, and `thumbnail-service worker 12` becomes `thumbnail-se 12`.
 */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MOST_BYTES) return name;
  const number = name.slice(name.lastIndexOf(' '));
  const characters = [...name.replace(/ worker \d+$/, '')];
  while (Buffer.byteLength(characters.join('') + number) > MOST_BYTES) characters.pop();
  return characters.join('') + number;
}
