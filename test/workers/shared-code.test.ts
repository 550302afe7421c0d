import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { outputOfNode } from '../support/program.js';
import { scratch } from '../support/scratch.js';

const program = fileURLToPath(new URL('programs/generations.mjs', import.meta.url));

/** What each thread of a program has seen; its threads end so. */
async function generations(ending: string, args: readonly string[] = [], more = {}) {
  const { NODE_V8_COVERAGE: _, ...rest } = process.env;
  const output = await outputOfNode([...args, program, ending], { env: { ...rest, ...more } });
  return JSON.parse(output) as { seen: { compiles: string }[]; left: unknown };
}

/** What it sees however its code was loaded. */
const same = {
  value: { n: 1 },
  imported: 7,
  environment: null,
  inherited: null,
  failure: 'on purpose',
  own: [],
};
const all = (compiles: string[]) => ({
  seen: compiles.map((each) => ({ ...same, compiles: each })),
  left: null,
});

describe('the code of threads', () => {
  // The third one is started before the second one has ended.
  it('is compiled until a thread that has come in the place of another one ends by itself', async () => {
    expect(await generations('reload')).toEqual(all(['', 'text', 'text', 'code', 'code']));
  });

  it('is compiled by each where none has ended by itself', async () => {
    expect(await generations('crash')).toEqual(all(['', 'text', 'text', 'text', 'text']));
  });

  it('is what it was where a task has replaced what writes it', async () => {
    expect(await generations('replace')).toEqual(all(['', 'text', 'text', 'code', 'code']));
  });

  it.each([
    ['maps sources', ['--enable-source-maps'], {}],
    ['counts what runs', [], { NODE_V8_COVERAGE: scratch('coverage') }],
  ])('is read by Node itself where it %s', async (_, args, env) => {
    const { seen } = await generations('reload', args, env);
    expect(seen.map(({ compiles }) => compiles)).toEqual(['', '', '', '', '']);
  });

  it('is compiled from the text where V8 refuses what is there', async () => {
    const { seen } = await generations('reload', [], { SPOIL: '1' });
    expect(seen.map(({ compiles }) => compiles)).toEqual(['', 'text', 'text', 'refused', 'refused']);
  });
});
