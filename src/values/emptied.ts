/**
 * Objects of which structured clone silently makes empty ones: what they hold is in fields that it does not
 * see. To which classes that happens depends on the version of Node, so it is tried. Used by both sides.
 */

/**
 * Whether an object of a class, neither an error nor a container, would arrive as an empty one. Only classes
 * with a tag are asked, as those of Node have: an object without properties may as well be meant to have
 * none.
 */
export function isEmptied(value: object): boolean {
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object Object]' || Object.keys(value).length > 0) return false;
  try {
    const clone = structuredClone(value);
    return Object.prototype.toString.call(clone) === '[object Object]' && Object.keys(clone).length === 0;
  } catch {
    // It is refused, or has to be transferred.
    return false;
  }
}

/** Whether awaiting it gives another value: a query of a database driver, say, which has not run yet. */
export function isThenable(value: object): boolean {
  return typeof (value as { then?: unknown }).then === 'function';
}

/** What to send instead, by the tag's name. */
const INSTEAD: Readonly<Record<string, string>> = {
  URL: 'its href can be sent',
  URLSearchParams: 'its text can be sent: String(params)',
  Headers: 'its entries can be sent: [...headers]',
  FormData: 'its entries can be sent: [...form]',
  Request: 'what is needed of it can be sent, such as await request.arrayBuffer()',
  Response: 'what is needed of it can be sent, such as await response.arrayBuffer()',
  AbortController: 'its signal can be sent',
};

/** Names an object for which `isEmptied` holds, or which structured clone refuses. */
export function emptiedInWords(value: object): string {
  const name = nameOf(value);
  const instead = Object.hasOwn(INSTEAD, name) ? ` (${INSTEAD[name]})` : '';
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}${instead}`;
}

/** Whether it is known what to send instead. */
export function hasSubstitute(value: object): boolean {
  return Object.hasOwn(INSTEAD, nameOf(value));
}

function nameOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
