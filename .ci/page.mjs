// The page of the dashboard as three texts: uPlot is in them, so that the page needs no network and the
// package no dependency.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('../src/dashboard/page/', import.meta.url));

export async function buildPage() {
  const { outputFiles } = await build({
    entryPoints: { page: `${folder}page.ts`, style: `${folder}style.css` },
    outdir: '/',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome110', 'firefox110', 'safari16'],
    write: false,
    logLevel: 'warning',
  });
  const text = (name) => outputFiles.find(({ path }) => path.endsWith(name)).text;
  return {
    html: readFileSync(`${folder}index.html`, 'utf8'),
    script: text('page.js'),
    style: text('style.css'),
  };
}
