// A site from the Markdown in pages/: one HTML file for each, and an index in the order of the pages.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Balancer, tasks } from 'leastwork';

const { renderPage } = tasks(new URL('./page.js', import.meta.url));
const pages = new URL('./pages/', import.meta.url);
const site = new URL('./site/', import.meta.url);
await mkdir(site, { recursive: true });

const names = (await readdir(pages)).filter((name) => name.endsWith('.md')).sort();
const jobs = names.map((name) => ({
  source: fileURLToPath(new URL(name, pages)),
  folder: fileURLToPath(site),
}));

const balancer = new Balancer();
const index = [];
// In order, though threads finish as they like.
for await (const { title, file } of balancer.map(jobs, renderPage)) {
  index.push(`<li><a href="${file}">${title}</a></li>`);
}
await balancer.close();

await writeFile(
  new URL('index.html', site),
  `<!doctype html>\n<meta charset="utf-8">\n<ul>\n${index.join('\n')}\n</ul>\n`,
);
console.log(`${index.length} pages in ${fileURLToPath(site)}`);
