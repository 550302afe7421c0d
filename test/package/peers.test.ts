import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(path.join(tmpdir(), 'leastwork-peers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A package without code, as npm packs it. */
function packed(manifest: { name: string; version: string }): string {
  const at = path.join(folder, manifest.name.replace('/', '-'));
  mkdirSync(at);
  writeFileSync(path.join(at, 'package.json'), JSON.stringify(manifest));
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: at, encoding: 'utf8' }),
  );
  return `file:${path.join(folder, filename)}`;
}

// SDKs from 3.0 on need this API, and npm refuses what allows an older one only.
it('OpenTelemetry: npm installs the package beside the API of the SDKs 3', () => {
  const { name, version, peerDependencies, peerDependenciesMeta } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const dependencies = {
    [name]: packed({ name, version, peerDependencies, peerDependenciesMeta } as never),
    '@opentelemetry/api': packed({ name: '@opentelemetry/api', version: '1.10.0' }),
  };
  const project = path.join(folder, 'project');
  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ dependencies }));
  const { status, stderr } = spawnSync('npm', ['install', '--offline', '--no-audit', '--no-fund'], {
    cwd: project,
    encoding: 'utf8',
  });
  expect(stderr).not.toContain('ERESOLVE');
  expect(status).toBe(0);
});
