// Thumbnails of all images in a folder: node start.js [FOLDER]
// Without one it draws some images first, into a temporary folder.
import { mkdir, mkdtemp, opendir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Balancer, tasks } from 'leastwork';
import { drawImages } from './draw-images.js';

const { thumbnail } = tasks(new URL('./thumbnail.js', import.meta.url));

const images = process.argv[2] ?? (await drawImages(await mkdtemp(path.join(tmpdir(), 'images-')), 24));
const folder = path.join(images, 'thumbnails');
await mkdir(folder, { recursive: true });

async function* jobs() {
  for await (const entry of await opendir(images)) {
    if (!/\.(jpe?g|png|webp|avif|tiff)$/i.test(entry.name)) continue;
    yield { source: path.join(images, entry.name), folder, width: 160 };
  }
}

const balancer = new Balancer();
const started = performance.now();
let done = 0;
let failed = 0;
for await (const outcome of balancer.mapSettled(jobs(), thumbnail, { ordered: false })) {
  if (outcome.status === 'fulfilled') done++;
  else {
    failed++;
    console.error(`${outcome.item.source}: ${outcome.reason.message}`);
  }
}
await balancer.close();
console.log(
  `${done} thumbnails in ${folder}, ${failed} failed, ${Math.round(performance.now() - started)} ms`,
);
