// Runs in the threads.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { marked } from 'marked';

/** Renders one page. @returns its title and the file that it has become */
export async function renderPage({ source, folder }) {
  const markdown = await readFile(source, 'utf8');
  const title = /^#\s+(.+)$/m.exec(markdown)?.[1] ?? path.parse(source).name;
  const file = `${path.parse(source).name}.html`;
  await writeFile(
    path.join(folder, file),
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<body>
${await marked.parse(markdown)}</body>
</html>
`,
  );
  return { title, file };
}
