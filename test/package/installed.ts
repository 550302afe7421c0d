import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { root, succeed } from './user.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** A folder with package.json and node_modules, in which npm has installed it. */
    installed: string;
  }
}

/** What programs in TypeScript need besides: every supported Node runs them with tsx. */
const PACKAGES = ['tsx@4', '@types/node@20'];

/** Packs the package as built, and installs it as a user would: once for all tests of the package. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const base = await realpath(await mkdtemp(path.join(tmpdir(), 'leastwork-installed-')));
  const remove = (): Promise<void> => rm(base, { recursive: true, force: true });
  const folder = path.join(base, 'user');
  try {
    await mkdir(folder);
    // The set-up has built; `prepack` would only do it again.
    const packing = ['pack', '--silent', '--ignore-scripts', '--pack-destination', base];
    const tarball = path.join(base, (await succeed('npm', packing, root)).trim());
    const manifest = { name: 'user', private: true, type: 'module' };
    await writeFile(path.join(folder, 'package.json'), JSON.stringify(manifest));
    const installing = ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...PACKAGES];
    await succeed('npm', installing, folder);
    provide('tarball', tarball);
    provide('installed', folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
