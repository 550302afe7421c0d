/** What Node says where it takes an ES module for CommonJS. */
const TAKEN_FOR_COMMONJS = /Unexpected token 'export'|Cannot use import statement outside a module/;

/** To be added to such a message: `npm init` writes "type": "commonjs". */
export function esModuleHint(message: string): string {
  if (!TAKEN_FOR_COMMONJS.test(message)) return '';
  return '\nIt is an ES module in a package of CommonJS: name it .mjs (TypeScript: .mts), or set "type": "module" in package.json.';
}
