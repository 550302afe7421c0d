// Links of a folder of HTML pages.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** @returns the number of pages, and each relative link that leads nowhere, as `{ page, link, why }` */
export function brokenLinks(folder) {
  const pages = readdirSync(folder, { recursive: true })
    .map((file) => path.join(folder, file))
    .filter((file) => file.endsWith('.html'));
  const anchors = new Map(pages.map((page) => [page, anchorsOf(readFileSync(page, 'utf8'))]));
  const broken = pages.flatMap((page) =>
    linksOf(readFileSync(page, 'utf8')).flatMap((link) => {
      const why = fault(page, link, anchors);
      return why === undefined ? [] : [{ page, link, why }];
    }),
  );
  return { pages: pages.length, broken };
}

function fault(page, link, anchors) {
  const [target, anchor] = link.split('#', 2).map(decodeURIComponent);
  const file = target === '' ? page : path.join(path.dirname(page), target);
  if (!existsSync(file) || statSync(file).isDirectory()) return 'no such page';
  if (anchor && anchors.has(file) && !anchors.get(file).has(anchor)) return 'no such heading';
  return undefined;
}

function linksOf(html) {
  return [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)]
    .map(([, link]) => link.replaceAll('&amp;', '&').replace(/\?[^#]*/, ''))
    .filter((link) => link !== '' && link !== '#' && !/^[a-z][a-z\d+.-]*:/i.test(link));
}

function anchorsOf(html) {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => id));
}
