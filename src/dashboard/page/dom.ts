/** Small helpers for elements that are made once and written to often. */

export function byId<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** Makes an element; text and attributes are set as such, never parsed as HTML. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Sets the text only if it differs: selections stay, and screen readers are not told of nothing. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setColor(node: HTMLElement, color: string): void {
  node.style.setProperty('--c', color);
}
