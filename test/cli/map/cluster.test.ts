import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tasks } from 'leastwork';
import { runBatch } from 'leastwork/batch';
import { beforeAll, describe, expect, test } from 'vitest';
import { onEachEngine, type Site } from '../../support/cluster.js';
import { ended, leastwork, MAIN, start } from '../../support/command.js';
import { runNode } from '../../support/program.js';
import { scratch } from '../../support/scratch.js';

const module = fileURLToPath(new URL('../../fixtures/cluster/lines.mjs', import.meta.url));
const folder = scratch('map-cluster-');
const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
const read = (name: string): string => readFileSync(join(folder, name), 'latin1');
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');
write('numbers', lines(500));
/** Long enough that it is not one chunk. */
const PACED = Array.from({ length: 800 }, (_, i) => `${String(i).padStart(200, '0')}\n`).join('');
write('paced', PACED);

/** As `PACED`; in its middle a line waits until a file is there. */
function pacedUntil(gate: string): string {
  const middle = PACED.length / 2;
  return `${PACED.slice(0, middle)}wait ${join(folder, gate)}\n${PACED.slice(middle)}`;
}

/** What is run, and how: export, and arguments. */
const FURTHER: [string, string[]][] = [
  ['lines with their items, as they come', ['#rich', 'numbers', '--tag', '--unordered']],
  ['the default export', ['', 'numbers']],
  ['JSON, blank and wrong lines', ['#same', '--ndjson', 'json']],
  ['records', ['#same', '--csv', 'csv', '--tag']],
  ['NUL, CR and a BOM', ['#same', '-0', 'nul', 'bom']],
  ['results that are longer than lines', ['#long', 'long']],
  ['a thread that ends', ['#crash', 'four']],
  ['an item that takes too long', ['#late', 'four', '--timeout', '1s']],
];

/** @param inFull formats and failures, too, which have nothing to do with the engine */
function tests(site: Site, inFull: boolean): void {
  const machine = () => site.process({}, [module]);
  /** What makes the batch one of the cluster. */
  const far = (): string[] => {
    const [[kind, url]] = Object.entries(site.server.address) as [[string, string]];
    return [`--${kind}`, url, '--name', site.name];
  };
  const map = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await runNode([MAIN, 'map', ...args], { cwd: folder });
    return { code, stdout, stderr };
  };

  describe('with machines', () => {
    beforeAll(() => site.share(() => Promise.all([machine(), machine()])), 60_000);

    test.each<[string, string[]]>([['lines', ['#rich', 'numbers']], ...(inFull ? FURTHER : [])])(
      '%s: the output, and the failed items, are those of a run here',
      async (_, [export_, ...args]) => {
        write('json', '{"a":1}\n\n[2,3]\nnot json\n"x"\n{"b":"é😀"}\r\n');
        write('csv', 'name,mail\nA,"a\nb"\n\nB,c\nC\n');
        write('nul', 'a\0b\n\0\0c');
        write('bom', '\ufeffone\0two');
        write('long', '1\n100\n30000\n2\n');
        write('four', lines(4));
        const there = await map([
          `${module}${export_}`,
          ...args,
          ...far(),
          '-o',
          'far',
          '--errors',
          'far.err',
        ]);
        const here = leastwork(
          ['map', `${module}${export_}`, ...args, '-o', 'near', '--errors', 'near.err'],
          {
            cwd: folder,
          },
        );
        expect(there.code).toBe(here.code);
        const sorted = (name: string): string =>
          args.includes('--unordered') ? read(name).split('\n').sort().join('\n') : read(name);
        expect(sorted('far')).toBe(sorted('near'));
        // Here the parser of CSV is another file of its package.
        const failed = (name: string): string =>
          args.includes('--csv') ? read(name).replace(/,"stack":.*$/gm, '') : read(name);
        if (!args.includes('--unordered')) expect(failed('far.err')).toBe(failed('near.err'));
        expect(there.stderr).toMatch(/^\d+ items?( \(\d+ failed\))?, .* items\/s\n(?: {2}failed: .*\n)?$/);
      },
    );

    test('what has failed runs again', async () => {
      write(
        'again',
        Array.from({ length: 5 }, (_, i) => join(folder, `${site.server.kind}.${i}\n`)).join(''),
      );
      const { code, stdout, stderr } = await map([
        `${module}#again`,
        'again',
        ...far(),
        '--retries=1',
        '--retry-delay=1ms',
        '--summary=json',
      ]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n'.repeat(5) });
      expect(JSON.parse(stderr)).toMatchObject({ items: 5, failed: 0, retried: 5, shares: [] });
    });

    test('--halt ends it', async () => {
      const { code, stderr } = await map([`${module}#rich`, 'numbers', ...far(), '--halt', 'now,fail=2']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/leastwork: halted after \d+ failed items/);
    });

    test('of a function that nobody serves: says what is served, also before it begins', async () => {
      const args = [`${module}#nothing`, 'numbers', ...far(), '--machine-timeout', '100ms'];
      const expected = {
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(
          /^leastwork: no machine serves task 'lines\/nothing'; the 2 machines serve: lines\/again, .*, lines\/same\n$/,
        ),
      };
      const [ran, dry] = await Promise.all([map(args), map([...args, '--dry-run'])]);
      expect(ran).toEqual(expected);
      expect(dry).toEqual(expected);
    });

    test('--dry-run says where it would run', async () => {
      const { code, stdout } = await map([`${module}#same`, 'numbers', ...far(), '--dry-run']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^machines {2}those that serve it, at (redis|postgres):\/\/.*127\.0\.0\.1:\d+/m);
    });

    test('kill -9 in its middle, and --resume: the same file', async () => {
      const name = `kill.${site.server.kind}`;
      const input = pacedUntil(`${name}.gate`);
      write(`${name}.in`, input);
      const outputs = ['-o', `${name}.out`, '--errors', `${name}.err`, '--journal', `${name}.journal`];
      const files = [`${name}.in`, ...outputs];
      const args = ['map', `${module}#paced`, ...files, ...far(), '--quiet'];
      const child = start(args, folder);
      const end = ended(child);
      await committed(`${name}.journal`);
      child.kill('SIGKILL');
      expect((await end).signal).toBe('SIGKILL');
      expect(read(`${name}.journal`)).not.toContain('complete');
      write(`${name}.gate`, '');
      const { code, stderr } = await map([...args.slice(1), '--resume']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(read(`${name}.out`)).toBe(input.replaceAll('\n', ' done\n'));
      expect(read(`${name}.err`)).toBe('');
    });

    test('Ctrl-C finishes what runs; --resume goes on, here as well', async () => {
      const name = `int.${site.server.kind}`;
      const input = pacedUntil(`${name}.gate`);
      write(`${name}.in`, input);
      const files = [`${name}.in`, '-o', `${name}.out`, '--journal', `${name}.journal`, '--quiet'];
      const child = start(['map', `${module}#paced`, ...files, ...far()], folder);
      const end = ended(child);
      let said = '';
      child.stderr?.on('data', (chunk) => {
        said += chunk;
        if (said.includes('finishing')) write(`${name}.gate`, '');
      });
      await committed(`${name}.journal`);
      child.kill('SIGINT');
      expect((await end).signal).toBe('SIGINT');
      expect(read(`${name}.journal`)).toContain('interrupted');
      const rest = leastwork(['map', `${module}#paced`, ...files, '--resume'], { cwd: folder });
      expect({ code: rest.code, stderr: rest.stderr }).toEqual({ code: 0, stderr: '' });
      expect(read(`${name}.out`)).toBe(input.replaceAll('\n', ' done\n'));
    });

    test('an inline function is refused before a file is opened', async () => {
      const output = join(folder, 'never');
      const batch = runBatch(site.cluster(), {
        input: join(folder, 'numbers'),
        output,
        task: (line: string) => line,
      });
      await expect(batch).rejects.toMatchObject({ code: 'ERR_LOCAL_ONLY' });
      expect(() => readFileSync(output)).toThrow('ENOENT');
    });

    test('runBatch takes a Cluster', async () => {
      const { same } = tasks<{ same(line: string): string }>(module);
      const output = join(folder, 'by-program');
      const cluster = site.cluster();
      const report = await runBatch(cluster, { input: join(folder, 'numbers'), output, task: same });
      expect(report).toMatchObject({ outcome: 'complete', items: 500, failed: 0 });
      expect(readFileSync(output, 'utf8')).toBe(lines(500));
      expect(cluster.stats().pending).toBe(0);
    });
  });
}

onEachEngine((site) => tests(site, true), ['redis']);
onEachEngine((site) => tests(site, false), ['postgres']);

onEachEngine((site) => {
  test('a machine that is killed in its middle: all items, none twice', async () => {
    const processes = await Promise.all([1, 2].map(() => site.process({ lockDuration: 1_000 }, [module])));
    const [[kind, url]] = Object.entries(site.server.address) as [[string, string]];
    const child = start(
      [
        'map',
        `${module}#paced`,
        'paced',
        `--${kind}`,
        url,
        '--name',
        site.name,
        '--lock-duration=1s',
        '-o',
        `lost.${kind}`,
        '--journal',
        `lost.${kind}.journal`,
      ],
      folder,
    );
    const end = ended(child);
    await committed(`lost.${kind}.journal`);
    processes[0]?.kill('SIGKILL');
    expect((await end).code).toBe(0);
    expect(read(`lost.${kind}`)).toBe(PACED.replaceAll('\n', ' done\n'));
  });
});

/** Resolves when the journal has a commit. */
async function committed(name: string): Promise<void> {
  for (;;) {
    try {
      if (/^commit /m.test(read(name))) return;
    } catch {
      // It has not begun.
    }
    await sleep(5);
  }
}
