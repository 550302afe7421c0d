import { Balancer, Router } from 'leastwork';
import { type Dashboard, serveDashboard } from 'leastwork/dashboard';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { findChromium, launch } from './browser.js';

const chromium = findChromium();
if (chromium === undefined) {
  const advice = 'no Chromium in PATH: the page is not tested (Debian: apt-get install chromium)';
  if (process.env.REQUIRE_CHROMIUM === '1') throw new Error(advice);
  process.stderr.write(`${advice}\n`);
}

describe.skipIf(chromium === undefined)('the page', () => {
  let browser: Browser;
  /** One for all tests, since each new one is a process. */
  let page: Page;
  beforeAll(async () => {
    browser = await launch(chromium as string);
    page = await browser.newPage();
    // As with `expect.poll`: only what hangs should reach it.
    page.setDefaultTimeout(50_000);
  }, 60_000);
  afterAll(() => browser.close());

  /** Opens the page; fails the test where it logs an error, or asks for anything from elsewhere. */
  async function open({ url }: Dashboard): Promise<void> {
    const faultsOfPage: string[] = [];
    page.on('pageerror', ({ message }) => faultsOfPage.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/ERR_|Failed to load/.test(message.text()))
        faultsOfPage.push(message.text());
    });
    page.on('request', (asked) => {
      if (!asked.url().startsWith(url) && !asked.url().startsWith('data:')) faultsOfPage.push(asked.url());
    });
    onTestFinished(() => {
      page.removeAllListeners();
      expect(faultsOfPage).toEqual([]);
    });
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
  }

  it('shows what happens: totals, tasks, workers, what runs, a full queue, and the end', async () => {
    const balancer = new Balancer({ workers: 2, window: 1, maxQueue: 2, name: 'pictures' });
    await using dashboard = await serveDashboard(balancer, { port: 0 });
    await open(dashboard);
    expect(await page.title()).toContain('pictures');
    const gate = new Gate();
    const blocked = Array.from({ length: 4 }, () => balancer.submit(faults.blocked, [gate.words]));
    await gate.reached(2);
    await balancer.submit(faults.echo, [1]).catch(() => {});

    const figure = (name: string): ReturnType<Page['locator']> =>
      page.locator('#figures > div', { has: page.locator('dt', { hasText: name }) }).locator('dd span');
    await expect.poll(() => figure('Refused').textContent()).toBe('1');
    expect(await figure('Waiting').textContent()).toBe('2');
    expect(await page.getByRole('log').textContent()).toContain('The queue is full.');
    // An item outside of a list is announced as nothing.
    expect(await page.locator('li:not(ul > li, ol > li), [role]:is(ul, ol) > li').count()).toBe(0);
    const workers = page.getByRole('table', { name: 'Workers' }).getByRole('row');
    expect(await workers.count()).toBe(3);
    expect(await workers.nth(1).textContent()).toMatch(/running.*blocked.* for /);
    // A run that goes on is in the tables of workers and of tasks, and in the task stream.
    const load = page.getByRole('table', { name: 'Tasks' }).getByRole('row').nth(1);
    expect(await load.textContent()).toMatch(/blocked100 %20/);
    expect(await page.getByRole('list', { name: 'Colours of the tasks' }).textContent()).toContain('blocked');

    gate.open();
    await Promise.all(blocked);
    await expect.poll(() => figure('Fulfilled').textContent()).toBe('4');
    const task = page.getByRole('table', { name: 'Tasks' }).getByRole('row').nth(1);
    await expect.poll(() => task.textContent()).toMatch(/blocked.*100 %/);
    await balancer.close();
    await page.getByText('closed: these are the last numbers').waitFor();
    expect(await figure('Fulfilled').textContent()).toBe('4');
  });

  it('tells requests that timed out while they waited from those that had started', () =>
    withSmallBalancer({ window: 1 }, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await open(dashboard);
      const gate = new Gate();
      const blocked = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      const late = () => balancer.submit(faults.echo, [1], { queueTimeout: 1 }).catch(() => {});
      await Promise.all([late(), late()]);
      gate.open();
      await blocked;
      await balancer.submit(faults.endless, [new Gate().words], { timeout: 1 }).catch(() => {});
      const timedOut = page.locator('#figures > div', { has: page.locator('dt', { hasText: 'Timed out' }) });
      await expect.poll(() => timedOut.locator('dd').textContent()).toBe('32 waiting, 1 running');
    }));

  it('draws charts, and the task stream, with the colour of the task', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await open(dashboard);
      expect(await page.locator('.uplot canvas').count()).toBe(2);
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      await page.getByRole('list', { name: 'Colours of the tasks' }).getByText('blocked').waitFor();
      const colors = (): Promise<number> =>
        page.evaluate(`{
          const canvas = document.querySelector('#stream canvas');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let blue = 0;
          for (let i = 0; i < data.length; i += 4) if (data[i + 2] > data[i] + 60) blue++;
          blue;
        }`);
      await expect.poll(colors).toBeGreaterThan(20);
      gate.open();
      await running;
    }));

  it('draws a point that stands alone: there is no line from it to another', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await balancer.submit(faults.echo, [1]);
      await open(dashboard);
      const orange = (): Promise<number> =>
        page.evaluate(`{
          const canvas = document.querySelector('#times canvas');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let orange = 0;
          for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0 && data[i] > data[i + 2] + 60) orange++;
          orange;
        }`);
      await expect.poll(orange).toBeGreaterThan(5);
    }));

  it('lists workers by label, though the thread of one is newer', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await balancer.workersReady();
      await open(dashboard);
      await balancer.submit(faults.crash, ['exit']).catch(() => {});
      const rows = page.getByRole('table', { name: 'Workers' }).getByRole('rowheader');
      const restarts = page.locator('#workers td[data-label="Restarts"]');
      await expect.poll(async () => (await restarts.allTextContents()).sort()).toEqual(['0', '0', '1']);
      expect(await rows.allTextContents()).toEqual(['1', '2', '3']);
    }));

  it('can be used with the keyboard', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await balancer.submit(faults.echo, [1]);
      await open(dashboard);
      await page.getByRole('list', { name: 'Colours of the tasks' }).getByText('echo').waitFor();
      const focused: string[] = [];
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab');
        focused.push(await page.evaluate('document.activeElement.id || document.activeElement.className'));
      }
      expect(focused).toEqual(['pause', 'rate', 'times', 'stream', 'scroll', 'scroll']);
      await page.locator('#stream').focus();
      await page.keyboard.press('ArrowLeft');
      expect(await page.locator('#stream-readout').textContent()).toMatch(/^Worker 1: .*echo for/);
      expect(await page.locator('#stream-readout').getAttribute('aria-live')).toBe('polite');
      await page.keyboard.press('Escape');
      expect(await page.locator('#stream-readout').textContent()).toBe('');
      await page.locator('#rate').focus();
      // The first point comes when the first interval is over.
      const readout = page.getByText(/^at \d\d:\d\d:\d\d$/);
      await expect
        .poll(async () => {
          await page.keyboard.press('ArrowLeft');
          return readout.count();
        })
        .toBeGreaterThan(0);
      await page.locator('#pause').focus();
      await page.keyboard.press('Enter');
      expect(await page.locator('#pause').getAttribute('aria-pressed')).toBe('true');
      expect(await page.getByRole('status').textContent()).toBe('paused');
      await balancer.submit(faults.echo, [2]);
      await page.keyboard.press('Enter');
      await expect
        .poll(() => page.getByRole('table', { name: 'Tasks' }).getByRole('row').nth(1).textContent())
        .toMatch(/echo100 %02/);
    }));

  it('has a name for all that a screen reader meets', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await balancer.submit(faults.echo, [1]);
      await open(dashboard);
      for (const name of ['Requests', 'Rate', 'Wait and run time', 'Task stream', 'Workers', 'Tasks']) {
        expect(await page.getByRole('region', { name: new RegExp(`^${name}`) }).count(), name).toBe(1);
        expect(
          await page.getByRole('heading', { name: new RegExp(`^${name}`), level: 2 }).count(),
          name,
        ).toBe(1);
      }
      expect(await page.getByRole('columnheader').count()).toBe(21);
      expect(await page.getByRole('rowheader').count()).toBeGreaterThanOrEqual(1);
      const nameless = await page.evaluate(`
        [...document.querySelectorAll('[tabindex="0"], button')].filter((each) => {
          return !each.getAttribute('aria-labelledby') && !each.textContent.trim();
        }).length`);
      expect(nameless).toBe(0);
    }));

  it('is legible at the width of a phone, light and dark', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await balancer.submit(faults.echo, [1]);
      const name = 'a_name_that_somebody_has_generated_from_a_schema_and_that_goes_on_and_on';
      await balancer.submit(Object.defineProperty(() => 1, 'name', { value: name }));
      await page.setViewportSize({ width: 360, height: 740 });
      onTestFinished(() => page.setViewportSize({ width: 1280, height: 900 }));
      await open(dashboard);
      const grounds: string[] = [];
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.getByRole('table', { name: 'Tasks' }).getByText('echo').waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
        // Nothing is cut off: each cell lies within its panel.
        const cut = await page.evaluate(`
          [...document.querySelectorAll('td, th, dd')].filter((each) => {
            const { right } = each.getBoundingClientRect();
            return right > each.closest('.panel').getBoundingClientRect().right + 0.5;
          }).length`);
        expect(cut).toBe(0);
        grounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      }
      expect(grounds[0]).not.toBe(grounds[1]);
    }));

  it('shows one Balancer of a Router at a time', async () => {
    const [short, long] = [
      new Balancer({ workers: 1, name: 'short' }),
      new Balancer({ workers: 2, name: 'long' }),
    ];
    await using router = new Router({ 'a*': short, '*': long });
    await using dashboard = await serveDashboard(router, { port: 0 });
    await open(dashboard);
    const workers = page.getByRole('table', { name: 'Workers' }).getByRole('row');
    await expect.poll(() => workers.count()).toBe(2);
    await page.getByRole('button', { name: 'long' }).click();
    await expect.poll(() => workers.count()).toBe(3);
    expect(await page.getByRole('button', { name: 'short' }).getAttribute('aria-pressed')).toBe('false');
  });
});
