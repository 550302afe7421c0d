/** What patterns of routes are compared with. */
import { type TaskTarget, targetOf } from '../tasks/handles.js';
import type { AnyTask } from '../tasks/signatures.js';
import { functionName } from '../tasks/source/name.js';

/**
 * The name that patterns are compared with. Inline functions: the function's own name, or `(anonymous)`.
 * Exports of a module: the file name without extension, then the path of the export, as in `hash/sha256` or
 * `tools/image/resize`. Exports of a package: its full name, then the path of the export, as in
 * `@scope/package/sub/run`.
 */
export function routeName(task: AnyTask): string {
  const target = targetOf(task);
  if (target === undefined) return functionName(task);
  return [moduleName(target), ...target.path].join('/');
}

/** The full name of a package; the base name of a file, without its extension. */
function moduleName({ url }: TaskTarget): string {
  if (!/^[a-z][a-z\d+.-]*:/i.test(url)) return url;
  if (url.startsWith('data:')) return 'data:';
  const file = url.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
  try {
    return decodeURIComponent(file).replace(/(?<=.)\.[^.]*$/s, '');
  } catch {
    return file;
  }
}
