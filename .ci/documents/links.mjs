// Relative links of the documents, and their anchors.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The relative links of `markdown` that lead nowhere, one text for each. */
export function wrongLinks(markdown, document) {
  return linksOf(markdown).flatMap((link) => {
    const [target, anchor] = link.split('#', 2);
    const file = target === '' ? document : path.posix.join(path.posix.dirname(document), target);
    if (!existsSync(file)) return [`${document}: the link ${link} leads nowhere`];
    if (anchor === undefined || statSync(file).isDirectory() || !file.endsWith('.md')) return [];
    return anchorsOf(readFileSync(file, 'utf8')).has(anchor)
      ? []
      : [`${document}: the link ${link} leads to no heading of ${file}`];
  });
}

/** Targets of the relative links and images of a Markdown text. */
export function linksOf(markdown) {
  const prose = withoutCode(markdown);
  const inline = [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target);
  const images = [...prose.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(([, target]) => target);
  return [...inline, ...images].filter((target) => !/^[a-z][a-z\d+.-]*:/i.test(target));
}

function withoutCode(markdown) {
  return markdown.replaceAll(/^(\s*)(`{3,})[^\n]*\n[\s\S]*?^\1\2\s*$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** The anchors of the headings, as GitHub makes them. */
function anchorsOf(markdown) {
  const prose = markdown.replaceAll(/^(\s*)(`{3,})[^\n]*\n[\s\S]*?^\1\2\s*$/gm, '');
  return new Set(
    [...prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, heading]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
