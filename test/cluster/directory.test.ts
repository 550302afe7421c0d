import { expect, test } from 'vitest';
import { Directory } from '../../dist/src/cluster/directory.js';
import { openEngine } from '../../dist/src/cluster/engine/open.js';
import { resolveEngineOptions } from '../../dist/src/cluster/options.js';
import { onEachEngine } from '../support/cluster.js';
import { redisClient } from '../support/redis-client.js';

onEachEngine((site) => {
  test('entries and mailboxes of submitters that have long been dead are thrown away', async () => {
    const settings = resolveEngineOptions({ ...site.server.address, name: site.name }, 'test');
    const engine = openEngine(settings, 0, () => {});
    await engine.ready();
    let now = 0;
    const enter = (kind: 'machine' | 'submitter', id: string): Directory =>
      new Directory(
        engine,
        site.name,
        { kind, id, every: 5_000, tasks: [], threads: 1, slots: 2 },
        () => now,
      );
    const machine = enter('machine', 'machine');
    const live = enter('submitter', 'live');
    const dead = enter('submitter', 'dead');
    for (const each of [machine, live, dead]) await each.beat();
    await engine.send('dead', ['a reply']);
    const there = async (): Promise<boolean[]> =>
      Promise.all(
        ['live', 'dead'].map(
          async (id) => (await engine.queue(`${site.name}.submitters`).getJob(id)) !== undefined,
        ),
      );
    for (const minutes of [3, 6, 9, 12]) {
      now = minutes * 60_000;
      await live.beat();
      await machine.sweep();
      expect(await there()).toEqual([true, true]);
    }
    expect(await machine.isGone('dead')).toBe(true);
    expect(await machine.isGone('live')).toBe(false);
    expect(await machine.isGone('nobody')).toBe(true);
    now = 15 * 60_000;
    await machine.sweep();
    expect(await there()).toEqual([true, false]);
    const mail: string[] = [];
    const mailbox = engine.openMailbox('dead', (text) => mail.push(text));
    await engine.send('dead', ['another one']);
    await expect.poll(() => mail).toEqual(['another one']);
    await mailbox.close();
    await engine.close();
  });

  test('a beat that is under way does not bring back who leaves, and none after it', async () => {
    const settings = resolveEngineOptions({ ...site.server.address, name: site.name }, 'test');
    const engine = openEngine(settings, 0, () => {});
    await engine.ready();
    const own = { kind: 'machine', id: 'leaver', every: 5_000, tasks: [], threads: 1, slots: 2 } as const;
    const directory = new Directory(engine, site.name, own);
    await directory.beat();
    const queue = engine.queue(`${site.name}.directory`);
    // So that the beat makes it anew, in several steps.
    await queue.remove('leaver');
    const beat = directory.beat();
    await directory.leave();
    await beat;
    await directory.beat();
    expect(await queue.getJob('leaver')).toBeUndefined();
    await engine.close();
  });
});

onEachEngine(
  (site) => {
    const client = redisClient(site);

    test.for(['machine', 'submitter'] as const)(
      'the engine has lost a part of the entry of a %s: it is made anew',
      async (kind) => {
        const settings = resolveEngineOptions({ ...site.server.address, name: site.name }, 'test');
        const engine = openEngine(settings, 0, () => {});
        await engine.ready();
        const own = { kind, id: 'own', every: 5_000, tasks: ['a/b'], threads: 1, slots: 2 };
        const directory = new Directory(engine, site.name, own);
        const queue = `bull:${site.name}.${kind === 'machine' ? 'directory' : 'submitters'}`;
        await directory.beat();
        // The entry, but not its place in the queue.
        expect(await client().del(`${queue}:own`)).toBe(1);
        expect(await directory.beat()).toBe(false);
        expect(await directory.beat()).toBe(true);
        expect(await directory.isGone('own')).toBe(kind === 'machine');
        if (kind === 'machine') {
          // Its place, but not the entry.
          expect(await client().del(`${queue}:delayed`)).toBe(1);
          expect(await directory.beat()).toBe(false);
          expect(await directory.machines()).toMatchObject([{ id: 'own', tasks: ['a/b'] }]);
        }
        expect(await client().zcard(`${queue}:delayed`)).toBe(1);
        await engine.close();
      },
    );
  },
  ['redis'],
);
