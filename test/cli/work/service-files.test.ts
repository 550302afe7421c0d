/** The files by which a machine runs as a service say what the command, its health server and its signals are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { durationOf } from '../../../dist/src/cli/option-values.js';
import { type HealthServer, listen } from '../../../dist/src/cli/work/health.js';
import { HELP } from '../../../dist/src/cli/work/help.js';
import { OPTIONS, parseWorkOptions, type WorkOptions } from '../../../dist/src/cli/work/options.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'examples/service');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const ENTRY = 'node_modules/leastwork/dist/node/command.cjs';
const ENVIRONMENT = { LEASTWORK_REDIS: 'redis://queue:6379' };

/** What the command makes of its arguments, with the config file that lies beside it. */
function optionsOf(args: readonly string[]): WorkOptions {
  const options = parseWorkOptions([`--config=${join(folder, 'leastwork.yaml')}`, ...args], ENVIRONMENT);
  expect(options, args.join(' ')).toBeDefined();
  return options as WorkOptions;
}

/** Arguments behind the command's name. Throws where that is not what the package has. */
function argumentsOf([node, entry, command, ...args]: readonly string[]): readonly string[] {
  expect([node, entry, command]).toEqual([expect.stringMatching(/(^|\/)node$/), ENTRY, 'work']);
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(ENTRY).toBe(`node_modules/leastwork/${bin.leastwork}`);
  return args;
}

/** The lines of an instruction, as in a Dockerfile, or the values of a key, as in a unit of systemd. */
function valuesOf(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, value]) => value as string);
}
const unit = read('leastwork-work@.service');
const inUnit = (key: string): string => valuesOf(unit, new RegExp(`^${key}=(.*)$`, 'gm')).join('\n');
const dockerfile = read('Dockerfile');
const inImage = (key: string): readonly string[] => valuesOf(dockerfile, new RegExp(`^${key} (.*)$`, 'gm'));

interface Probe {
  readonly exec: { readonly command: readonly string[] };
  readonly periodSeconds: number;
  readonly failureThreshold?: number;
  readonly timeoutSeconds: number;
}
interface Container {
  readonly env: readonly { readonly name: string }[];
  readonly resources: { readonly [kind in 'requests' | 'limits']: { cpu: string; memory: string } };
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}
interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container];
}
const [deployment] = parseAllDocuments(read('kubernetes.yaml')).map((each) => {
  expect([...each.errors, ...each.warnings]).toEqual([]);
  return each.toJS();
});
const pod: Pod = deployment.spec.template.spec;
const [container] = pod.containers;
const { startupProbe, readinessProbe, livenessProbe } = container;

const options = optionsOf([]);
const shutdown = options.shutdownTimeout / 1_000;
const [, engineTimeout] = /--engine-timeout .*\(default: (\w+)\)/.exec(HELP) as RegExpExecArray;
const start = (durationOf('engine-timeout', engineTimeout) as number) / 1_000;

let server: HealthServer;
let why: string | undefined;
beforeAll(async () => {
  const metrics = () => Promise.reject(new Error('none'));
  server = await listen(0, { unready: () => why, metrics, stats: () => ({}) });
});
afterAll(() => server.close());

/** Exit code of a probe, as it runs in the container: beside the machine, in its folder. */
async function probe([command, ...args]: readonly string[]): Promise<number> {
  expect(command).toBe('node');
  const env = { ...process.env, HEALTH_PORT: String(server.port) };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code;
}

test('the config file is one that the command takes; its modules are there', () => {
  for (const module of options.modules) expect(existsSync(module), module).toBe(true);
});

test('the image runs the command as its first process, with the port that its probes ask', () => {
  const [cmd] = inImage('CMD').map((text) => JSON.parse(text));
  const { healthPort } = optionsOf(argumentsOf(cmd));
  expect(inImage('ENV')).toEqual([`HEALTH_PORT=${healthPort}`]);
  expect(read('health.js')).toContain(`?? ${healthPort}}`);
  // Docker's default, TERM.
  expect(inImage('STOPSIGNAL')).toEqual([]);
  const copied = inImage('COPY').flatMap((text) => text.split(' ').slice(0, -1));
  for (const file of readdirSync(folder).filter((name) =>
    /\.js$|leastwork\.yaml|package\.json|tasks/.test(name),
  ))
    expect(copied).toContain(file);
  const [, docker] = /^docker run .*--stop-timeout (\d+)/m.exec(read('README.md')) as RegExpExecArray;
  expect(Number(docker)).toBeGreaterThan(shutdown);
});

test('probes ask for paths that there are, and tell ready from alive', async () => {
  const [, health] = /CMD (\[.*\])$/m.exec(inImage('HEALTHCHECK').join('')) as RegExpExecArray;
  const ready = [startupProbe, readinessProbe].map(({ exec }) => exec.command);
  for (const command of [...ready, JSON.parse(health as string)]) {
    why = undefined;
    expect(await probe(command), command.join(' ')).toBe(0);
    why = 'the engine does not answer';
    expect(await probe(command), command.join(' ')).toBe(1);
  }
  expect(await probe(livenessProbe.exec.command)).toBe(0);
  expect(await probe(['node', 'health.js', '/nothing'])).toBe(1);
});

test('probes wait longer than what they ask with, and for an engine that is late', () => {
  const [, own] = /timeout\(([\d_]+)\)/.exec(read('health.js')) as RegExpExecArray;
  const seconds = Number((own as string).replace('_', '')) / 1_000;
  for (const { timeoutSeconds } of [startupProbe, readinessProbe, livenessProbe])
    expect(timeoutSeconds).toBeGreaterThan(seconds);
  expect(startupProbe.periodSeconds * (startupProbe.failureThreshold as number)).toBeGreaterThan(start);
  expect(Number(inUnit('TimeoutStartSec'))).toBeGreaterThan(start);
});

test('each stop waits longer than the machine does', () => {
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(shutdown);
  expect(Number(inUnit('TimeoutStopSec'))).toBeGreaterThan(shutdown);
});

test('a pod has the memory that its threads may take, and the engine that the command reads', () => {
  const { cpu, memory } = container.resources.limits;
  const [, gibibytes] = /^(\d+)Gi$/.exec(memory) as RegExpExecArray;
  const heaps = Number(cpu) * (options.maxMemory as number);
  expect(Number(gibibytes) * 1_024).toBeGreaterThanOrEqual(heaps + 512);
  for (const { name } of container.env) expect(Object.keys(ENVIRONMENT)).toContain(name);
});

test('the unit starts the command, and sends the signals that it knows', async () => {
  const command = inUnit('ExecStart')
    .replace(/\$\{HEALTH_PORT\}/, '9091')
    .split(' ');
  expect(optionsOf(argumentsOf(command))).toMatchObject({ healthPort: 9091, daemon: false });
  const [, path] = /node health\.js (\S+)/.exec(inUnit('ExecStartPost')) as RegExpExecArray;
  why = undefined;
  expect(await probe(['node', 'health.js', path as string])).toBe(0);
  expect(inUnit('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
  expect(HELP).toMatch(/^Signals: TERM and INT end it in good order/m);
  expect(HELP).toContain('HUP loads the modules anew');
});

const documents = ['README.md', 'examples/service/README.md']
  .concat(readdirSync(join(root, 'docs')).map((name) => `docs/${name}`))
  .filter((name) => name.endsWith('.md'));
const lines = documents.flatMap((document) =>
  valuesOf(readFileSync(join(root, document), 'utf8'), /leastwork work ((?:[^`\n#]*\s)?--[^`\n#]*)/g).map(
    (line) => ({
      document,
      line: line.trim(),
    }),
  ),
);

test.for(lines)('$document: leastwork work $line', ({ line }) => {
  const args = line.split(/\s+/).filter((arg) => arg !== '…');
  if (args.includes('--help')) expect(parseWorkOptions(args, ENVIRONMENT)).toBeUndefined();
  else optionsOf(args);
});

test('docs/work.md: options and config file are those that there are', () => {
  const page = readFileSync(join(root, 'docs/work.md'), 'utf8');
  const said = valuesOf(page, /`--([a-z-]+)/g);
  expect(said.length).toBeGreaterThan(10);
  for (const name of said) expect(Object.keys(OPTIONS)).toContain(name);
  for (const name of valuesOf(HELP, /^ {6}--([a-z-]+)/gm).filter((name) => name !== 'version'))
    expect(Object.keys(OPTIONS)).toContain(name);
  for (const name of Object.keys(OPTIONS).filter((name) => name !== 'module'))
    expect(HELP).toContain(`--${name} `);
  const [config] = valuesOf(page, /```yaml\n([\s\S]*?)```/g);
  for (const name of Object.keys(parse(config as string).work)) expect(Object.keys(OPTIONS)).toContain(name);
});
