/** A table whose rows stay the same elements while their values change. */
import { element, setText } from './dom.js';

export interface Column<Row> {
  readonly title: string;
  /** `row`: it names the row; `text`: left-aligned; default: a number. */
  readonly kind?: 'row' | 'text';
  readonly className?: string;
  text(row: Row): string;
  /** Changes the cell beyond its text, which is then its own matter. */
  render?(cell: HTMLElement, row: Row): void;
  /** A class for the value. */
  tone?(row: Row): 'zero' | 'bad' | '';
}

export class Table<Row> {
  readonly #body: HTMLTableSectionElement;
  readonly #columns: readonly Column<Row>[];
  readonly #keyOf: (row: Row) => string;
  readonly #isHot: (row: Row) => boolean;
  readonly #rows = new Map<string, HTMLTableRowElement>();

  /** @param isHot whether a row needs attention */
  constructor(
    table: HTMLTableElement,
    columns: readonly Column<Row>[],
    keyOf: (row: Row) => string,
    isHot: (row: Row) => boolean,
  ) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#isHot = isHot;
    this.#body = table.tBodies[0] as HTMLTableSectionElement;
    const head = table.tHead?.rows[0] as HTMLTableRowElement;
    for (const { title, kind } of columns) {
      head.append(element('th', { scope: 'col', class: kind === undefined ? '' : 'text' }, title));
    }
  }

  show(rows: readonly Row[]): void {
    const gone = new Set(this.#rows.keys());
    for (const [i, row] of rows.entries()) {
      const key = this.#keyOf(row);
      gone.delete(key);
      let tr = this.#rows.get(key);
      if (tr === undefined) {
        tr = this.#create();
        this.#rows.set(key, tr);
      }
      this.#fill(tr, row);
      if (this.#body.rows[i] !== tr) this.#body.insertBefore(tr, this.#body.rows[i] ?? null);
    }
    for (const key of gone) {
      this.#rows.get(key)?.remove();
      this.#rows.delete(key);
    }
  }

  #create(): HTMLTableRowElement {
    return element(
      'tr',
      {},
      ...this.#columns.map(({ title, kind }) =>
        kind === 'row' ? element('th', { scope: 'row' }) : element('td', { 'data-label': title }),
      ),
    );
  }

  #fill(tr: HTMLTableRowElement, row: Row): void {
    tr.className = this.#isHot(row) ? 'hot' : '';
    for (const [i, { kind, className = '', text, render, tone }] of this.#columns.entries()) {
      const cell = tr.cells[i] as HTMLElement;
      cell.className = [kind === undefined ? '' : 'text', className, tone?.(row) ?? ''].join(' ').trim();
      if (render === undefined) setText(cell, text(row));
      else render(cell, row);
    }
  }
}
