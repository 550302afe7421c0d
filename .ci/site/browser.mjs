// Looks at the site in a real browser: pages load without errors, pictures show, links and the search lead
// somewhere.
//   node .ci/site/browser.mjs [FOLDER FOR SCREENSHOTS]
// The browser is Debian's chromium, or what CHROMIUM names.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';

const site = path.resolve('site');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const [screenshots] = process.argv.slice(2);
for (const file of [executablePath, site]) {
  if (existsSync(file)) continue;
  console.log(`site: no ${file}: npm run docs makes the site, apt-get install chromium the browser`);
  process.exit(1);
}

const pages = [
  'index.html',
  ...readdirSync(path.join(site, 'documents')).map((file) => `documents/${file}`),
  ...readdirSync(path.join(site, 'modules')).map((file) => `modules/${file}`),
  'classes/leastwork.Balancer.html',
];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const server = createServer(({ url }, response) => {
  const file = path.join(site, decodeURIComponent(new URL(url, 'http://localhost').pathname));
  if (!existsSync(file)) return response.writeHead(404).end();
  response.setHeader('Content-Type', TYPES[path.extname(file)] ?? 'application/octet-stream');
  createReadStream(file).pipe(response);
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const errors = [];
try {
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
  page.on('pageerror', (error) => errors.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${page.url()}: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    // The page was left while it still loaded its icon, which no `load` waits for.
    const { errorText } = request.failure() ?? {};
    if (errorText === 'net::ERR_ABORTED') return;
    errors.push(`${page.url()}: ${request.url()} did not load: ${errorText}`);
  });
  for (const file of pages) {
    await page.goto(urlOf(file));
    assert.ok(await page.locator('h1').first().isVisible(), `${file}: no heading`);
    const unseen = await page.$$eval('.tsd-typography img', (images) =>
      images.filter(({ complete, naturalWidth }) => !complete || naturalWidth === 0).map(({ src }) => src),
    );
    errors.push(...unseen.map((src) => `${file}: ${src} is not shown`));
    if (screenshots === undefined) continue;
    mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: path.join(screenshots, `${path.basename(file, '.html')}.png`) });
  }
  await walk(page);
} finally {
  await browser.close();
  server.close();
}
for (const error of errors) console.log(error);
console.log(`site in the browser: ${pages.length} pages, ${errors.length} errors`);
process.exitCode = errors.length > 0 ? 1 : 0;

/** From the README to a page, and by the search to a method. */
async function walk(page) {
  await page.goto(urlOf('index.html'));
  await page.locator('.tsd-typography').getByRole('link', { name: 'Servers', exact: true }).click();
  assert.equal(await page.title(), 'Servers | leastwork');
  await page.locator('#tsd-search-trigger').click();
  await page.locator('#tsd-search-input').pressSequentially('mapSettled');
  await page.locator('#tsd-search-results a').first().click();
  await page.waitForURL(/leastwork\.\w+\.html#mapsettled/i);
}

function urlOf(file) {
  return `http://127.0.0.1:${server.address().port}/${file}`;
}
