/** The tables of workers and of tasks. */
import type { Snapshot, TaskRow, WorkerRow } from '../wire.js';
import type { TaskColors } from './colors.js';
import { byId, element, setColor, setText } from './dom.js';
import { bytes, count, duration, percent } from './format.js';
import { isStuck } from './notices.js';
import { type Column, Table } from './table.js';

/** A task with what runs of it now: one that never ends is in no histogram. */
interface TaskLoad extends TaskRow {
  /** How many workers run it. */
  readonly running: number;
  /** `busy`, and the time of the runs that go on. */
  readonly spent: number;
}

function loadsOf({ at, tasks, workers }: Snapshot): TaskLoad[] {
  const loads = new Map(tasks.map((task) => [task.name, { ...task, running: 0, spent: task.busy }]));
  for (const { running } of workers) {
    if (running === null) continue;
    const load = loads.get(running.task) ?? { ...NEVER_ENDED, name: running.task, running: 0, spent: 0 };
    load.running++;
    load.spent += Math.max(0, at - running.since);
    loads.set(running.task, load);
  }
  return [...loads.values()];
}

const NEVER_ENDED = {
  count: 0,
  failed: 0,
  busy: 0,
  runP50: null,
  runP99: null,
  waitP99: null,
  bytesIn: null,
  bytesOut: null,
};

export class Tables {
  readonly #workers: Table<WorkerRow>;
  readonly #tasks: Table<TaskLoad>;
  #snapshot: Snapshot | undefined;
  /** Of all tasks. */
  #spent = 0;

  constructor(colors: TaskColors) {
    const now = (): number => this.#snapshot?.at ?? 0;
    const spent = (): number => this.#spent;
    this.#workers = new Table(
      byId<HTMLTableElement>('workers'),
      workerColumns(colors, now),
      ({ id }) => String(id),
      (row) => this.#snapshot !== undefined && isStuck(row, this.#snapshot),
    );
    this.#tasks = new Table(
      byId<HTMLTableElement>('tasks'),
      taskColumns(colors, spent),
      ({ name }) => name,
      () => false,
    );
  }

  show(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    // One that was replaced is beside its successor, and no row moves.
    this.#workers.show([...snapshot.workers].sort(byLabel));
    const loads = loadsOf(snapshot);
    this.#spent = loads.reduce((sum, { spent }) => sum + spent, 0);
    this.#tasks.show(loads.sort((a, b) => b.spent - a.spent));
  }
}

const failures = {
  title: 'Failed',
  text: ({ failed }: { failed: number }) => count(failed),
  tone: ({ failed }: { failed: number }): 'zero' | 'bad' => (failed === 0 ? 'zero' : 'bad'),
};

function workerColumns(colors: TaskColors, now: () => number): readonly Column<WorkerRow>[] {
  return [
    { title: 'Worker', kind: 'row', className: 'label', text: ({ label }) => label },
    {
      title: 'State',
      kind: 'text',
      text: stateOf,
      render(cell, row) {
        const chip = cell.firstElementChild ?? cell.appendChild(element('span', { class: 'state' }));
        setText(chip, stateOf(row));
        chip.setAttribute('data-state', stateOf(row));
      },
    },
    {
      title: 'Runs now',
      kind: 'text',
      className: 'name',
      text: () => '',
      render(cell, { running }) {
        if (cell.firstChild === null) {
          const parts = [element('span', { class: 'key' }), element('span'), element('span')];
          parts[2]?.classList.add('since');
          cell.append(parts[0]!, parts[1]!, ' ', parts[2]!);
        }
        const [key, name, since] = [...cell.children] as [HTMLElement, HTMLElement, HTMLElement];
        key.hidden = running === null;
        if (running !== null) setColor(key, colors.of(running.task));
        setText(name, running?.task ?? '–');
        cell.title = running?.task ?? '';
        setText(since, running === null ? '' : `for ${duration(Math.max(0, now() - running.since))}`);
      },
    },
    {
      title: 'Utilisation',
      text: ({ utilisation }) => percent(utilisation),
      render: (cell, { utilisation }) => meter(cell, utilisation),
    },
    { title: 'Pending', text: ({ pending }) => count(pending) },
    { title: 'Completed', text: ({ completed }) => count(completed) },
    failures,
    { title: 'Heap', text: ({ heap }) => bytes(heap) },
    { title: 'Age', text: ({ age }) => duration(age) },
    {
      title: 'Restarts',
      text: ({ restarts }) => count(restarts),
      tone: ({ restarts }) => (restarts === 0 ? 'zero' : ''),
    },
  ];
}

function taskColumns(colors: TaskColors, spent: () => number): readonly Column<TaskLoad>[] {
  return [
    {
      title: 'Task',
      kind: 'row',
      className: 'name',
      text: ({ name }) => name,
      render(cell, { name }) {
        if (cell.firstChild === null) cell.append(element('span', { class: 'key' }), element('span'));
        setColor(cell.firstElementChild as HTMLElement, colors.of(name));
        setText(cell.lastElementChild as HTMLElement, name);
        cell.title = name;
      },
    },
    {
      title: 'Share of time',
      text: (row) => percent(share(row, spent())),
      render: (cell, row) => meter(cell, share(row, spent())),
    },
    {
      title: 'Running',
      text: ({ running }) => count(running),
      tone: ({ running }) => (running === 0 ? 'zero' : ''),
    },
    { title: 'Runs', text: (row) => count(row.count) },
    failures,
    { title: 'Mean', text: (row) => duration(row.count === 0 ? null : row.busy / row.count) },
    { title: 'Run p50', text: ({ runP50 }) => duration(runP50) },
    { title: 'Run p99', text: ({ runP99 }) => duration(runP99) },
    { title: 'Wait p99', text: ({ waitP99 }) => duration(waitP99) },
    { title: 'In', text: ({ bytesIn }) => bytes(bytesIn) },
    { title: 'Out', text: ({ bytesOut }) => bytes(bytesOut) },
  ];
}

function byLabel(a: WorkerRow, b: WorkerRow): number {
  return a.label.localeCompare(b.label, 'en', { numeric: true }) || a.id - b.id;
}

function share({ spent }: TaskLoad, all: number): number {
  return all === 0 ? 0 : spent / all;
}

/** A bar and the number: the bar alone would tell a screen reader nothing. */
function meter(cell: HTMLElement, value: number): void {
  if (cell.firstChild === null) {
    cell.append(
      element('span', { class: 'meter', 'aria-hidden': 'true' }, element('i')),
      element('span', { class: 'number' }),
    );
  }
  (cell.querySelector('i') as HTMLElement).style.width = `${Math.min(100, value * 100)}%`;
  setText(cell.lastElementChild as HTMLElement, percent(value));
}

function stateOf({ state, running }: WorkerRow): string {
  if (state !== 'ready') return state;
  return running === null ? 'idle' : 'running';
}
