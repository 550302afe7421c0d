import { mkdirSync, writeFileSync } from 'node:fs';
import { capacityNote } from './capacity.mjs';
import { environment } from './environment.mjs';

const RESULTS = new URL('../results/', import.meta.url);

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {string[]} head
 * @property {(string | number)[][]} rows
 */

/**
 * @typedef {object} Report
 * @property {string} name of the benchmark and of its files
 * @property {string} title
 * @property {string} method how it was measured, in a few sentences
 * @property {boolean} quick
 * @property {boolean} [isPart] whether it has some of the cases alone
 * @property {number} rounds
 * @property {{ name: string, settings: string }[]} rivals
 * @property {string[]} packages
 * @property {Table[]} tables
 * @property {unknown} data everything that was measured, for the JSON file
 * @property {Record<string, string>} [plots] SVG by suffix of the file's name; '' for the only one
 */

/**
 * Writes `results/<name>.{json,md,svg}` and prints the Markdown. A quick run writes `<name>-quick.*`, so that
 * it never replaces figures that are quoted.
 * @param {Report} report
 * @param {boolean} [isFinal] false: more is to come, and nothing is printed yet
 */
export function write(report, isFinal = true) {
  const where = environment(report.packages);
  const stem = `${report.name}${report.quick ? '-quick' : ''}${report.isPart ? '-part' : ''}`;
  const { tables, plots = {}, data, ...rest } = report;
  const plotFiles = Object.entries(plots).map(([suffix, svg]) => ({
    file: `${stem}${suffix === '' ? '' : `-${suffix}`}.svg`,
    svg,
  }));
  const markdown = [
    `# ${report.title}`,
    report.method,
    report.quick ? '**A quick run: too short to quote.**' : undefined,
    ...plotFiles.map(({ file }) => `![${report.title}](${file})`),
    ...tables.map((table) => `## ${table.title}\n\n${markdownTable(table)}`),
    `## Where\n\n${whereList(where, report)}`,
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');

  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    new URL(`${stem}.json`, RESULTS),
    `${JSON.stringify({ ...rest, ...capacityNote(), environment: where, data }, rounded, 1)}\n`,
  );
  writeFileSync(new URL(`${stem}.md`, RESULTS), `${markdown}\n`);
  for (const { file, svg } of plotFiles) writeFileSync(new URL(file, RESULTS), svg);
  if (isFinal) process.stdout.write(`${markdown}\n`);
}

/** @param {Omit<Table, "title">} table */
export function markdownTable({ head, rows }) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    `|${head.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`,
    ...rows.map(line),
  ].join('\n');
}

/**
 * @param {ReturnType<typeof environment>} where
 * @param {Report} report
 */
function whereList(where, report) {
  const { roundsRepeated: repeated, roundsWithoutAllCores: poor } = capacityNote();
  const versions = Object.entries(where.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- ${where.cpu}, ${where.cores} cores, ${where.memoryGiB} GiB; ${where.platform}`,
    `- Node ${where.node}; ${versions.join(', ')}`,
    `- commit ${where.commit}; ${where.date}; ${report.rounds} rounds`,
    `- rounds repeated since the machine did not give all its cores: ${repeated}; rounds kept although it did not: ${poor}`,
    ...report.rivals.map(({ name, settings }) => `- ${name}: ${settings}`),
  ].join('\n');
}

/** Six digits say more than any of these clocks can. */
function rounded(/** @type {string} */ _key, /** @type {unknown} */ value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
