/**
 * The parser of inline functions. Here it is loaded with this module, as bundlers need it; in the package's
 * own bundles `parser-on-demand.ts` stands in the place of this file.
 */
export { parse } from 'acorn';

/** Nothing to reserve. */
export function reserveParser(): void {}
