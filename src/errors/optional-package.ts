/**
 * Packages that only some features need, and that users install themselves: optional peers in `package.json`.
 */
import { BalancerError } from './errors.js';
import { moduleUrl, requireFrom } from './module-url.js';

/**
 * Loads one. It takes some ms, so it is done when the feature is first used.
 * @param feature for the message: what needs it
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`, saying what to install
 */
export function requireOptional(specifier: string, feature: string): unknown {
  try {
    return requireFrom(moduleUrl(import.meta.url))(specifier);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    const message = `${feature} needs the package ${name}: npm install ${name}`;
    throw new BalancerError('ERR_MISSING_PACKAGE', message, { cause });
  }
}
