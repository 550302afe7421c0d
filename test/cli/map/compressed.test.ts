import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map-compressed');

/** Runs `leastwork map --quiet` in the scratch directory. Text in and out is UTF-8. */
function map(args: readonly string[], input = '') {
  const ran = leastwork(['map', '--quiet', ...args], { cwd: directory, input });
  return { code: ran.code, out: Buffer.from(ran.stdout, 'latin1').toString('utf8'), err: ran.stderr };
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(directory, name), content);
  return name;
}

describe('compressed files', () => {
  test('Zstandard is read and written where Node can; elsewhere it is said what can', () => {
    const zstd = zlib as {
      zstdCompressSync?: (text: string) => Buffer;
      zstdDecompressSync?: (bytes: Buffer) => Buffer;
    };
    file('packed.zst', zstd.zstdCompressSync?.('x\ny\n') ?? '');
    const read = map(['-e', 'l => l', 'packed.zst']);
    const written = map(['-e', 'l => l', '-o', 'made.zst'], 'x\ny\n');
    if (zstd.zstdDecompressSync === undefined) {
      expect(read).toMatchObject({ code: 2, out: '' });
      expect(read.err).toContain(
        'has no Zstandard, which takes 22.15 or later: zstd -dc packed.zst | leastwork map',
      );
      expect(written.code).toBe(2);
      expect(written.err).toContain('22.15 or later: leastwork map … | zstd -o made.zst');
      expect(readdirSync(directory).filter((name) => name.includes('made'))).toEqual([]);
      return;
    }
    expect(read).toEqual({ code: 0, out: 'x\ny\n', err: '' });
    const frame = readFileSync(join(directory, 'packed.zst'));
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
    const random = randomBytes(200_000).toString('hex');
    file('several.zst', Buffer.concat([frame, skippable, frame, zstd.zstdCompressSync!(random)]));
    expect(map(['-e', 'l => l', 'several.zst']).out).toBe(`x\ny\nx\ny\n${random}\n`);
    file('cut.zst', zstd.zstdCompressSync!(random).subarray(0, -9));
    expect(map(['-e', 'l => l', 'cut.zst'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('cut.zst: the file ends within a Zstandard frame'),
    });
    file('empty.zst', '');
    expect(map(['-e', 'l => l', 'empty.zst'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('empty.zst: the file is empty'),
    });
    map(['-e', 'l => undefined', '-o', 'nothing.zst'], 'x\n');
    expect(map(['-e', 'l => l', 'nothing.zst'])).toMatchObject({ code: 0, out: '', err: '' });
    file('more.zst', Buffer.concat([frame, Buffer.from('more')]));
    expect(map(['-e', 'l => l', 'more.zst'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('more.zst: there is no Zstandard frame here'),
    });
    expect(zstd.zstdDecompressSync(readFileSync(join(directory, 'made.zst'))).toString()).toBe('x\ny\n');
  });

  test('a file that is not compressed in truth ends the batch, with its name', () => {
    const { code, err } = map(['-e', 'l => l', file('false.gz', 'plain')]);
    expect(code).toBe(2);
    expect(err).toContain('false.gz: ');
  });

  test('output is compressed, by the name of its file', () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n} é\n`).join('');
    expect(map(['-e', 'l => l', '-o', 'out.gz', '--errors', 'bad.gz'], `${lines}`)).toMatchObject({
      code: 0,
      err: '',
    });
    expect(gunzipSync(readFileSync(join(directory, 'out.gz'))).toString()).toBe(lines);
    expect(gunzipSync(readFileSync(join(directory, 'bad.gz'))).toString()).toBe('');
    const { code, err } = map(['-e', 'l => l', '-o', 'new.gz', '--journal', 'gz.journal'], 'x\n');
    expect(err).toContain('new.gz: with a journal, files that are written are not compressed');
    expect(code).toBe(2);
    expect(existsSync(join(directory, 'new.gz'))).toBe(false);
    expect(existsSync(join(directory, 'gz.journal'))).toBe(false);
  });
});
