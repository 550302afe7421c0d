/** Whoever reads the messages takes its time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ended, start } from '../support/command.js';
import { scratch } from '../support/scratch.js';

const directory = scratch('slow-messages');
/** Messages; together 100 MB. */
const MANY = 2_000_000;
/** What a process takes that keeps none of them, and half of what they take in one that keeps all. */
const MOST_MB = 250;

const stat = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');

/** Resolves when a process has used no processor time for a while: it waits, or has ended. */
async function still(pid: number): Promise<void> {
  const used = () => stat(pid).slice(11, 13).join();
  let before = '';
  for (let now = used(); now !== before || now === '0,0'; now = used()) {
    before = now;
    await delay(500);
  }
}

describe.runIf(process.platform === 'linux')('messages that nobody takes yet', () => {
  it.each([
    ['malformed lines of a manifest', 'x\n', ['--check', '--warn', 'list']],
    ['names of a list that are empty', '\0', ['-0', '--files-from', 'list']],
  ])('are not kept: %s', async (_title, record, args) => {
    writeFileSync(join(directory, 'list'), record.repeat(MANY));
    const child = start(['hash', ...args], directory);
    child.stdin!.end();
    child.stdout!.resume();
    const end = ended(child);
    await still(child.pid!);
    const [, resident] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))!;
    expect(Number(resident) / 1_024).toBeLessThan(MOST_MB);
    let lines = 0;
    child.stderr!.on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte === 10) lines++;
    });
    await end;
    expect(lines).toBeGreaterThanOrEqual(MANY);
  });
});
