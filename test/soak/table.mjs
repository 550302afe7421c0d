/** The result of a soak as Markdown. */

const number = (value) => Math.round(value).toLocaleString('en-US');
const megabytes = (value) => value.toFixed(1);

export function table(result) {
  const { requests, seed, policy, seconds, ledger, chaos, threads, stats, before, after, bounds } = result;
  const changes = [...chaos].map(
    ([name, { count, failed }]) => `${name} ${count}${failed > 0 ? ` (${failed} undone)` : ''}`,
  );
  const lines = [
    `Soak: ${number(requests)} requests, seed ${seed}, policy ${policy}, Node ${process.version}`,
    '',
    '| | |',
    '|---|---|',
    `| seconds | ${seconds.toFixed(1)} |`,
    `| requests a second | ${number(requests / seconds)} |`,
    `| threads started | ${number(threads.started)} |`,
    `| threads crashed | ${number(threads.crashed)} |`,
    `| changes of the set | ${changes.join(', ')} |`,
    `| taken back for another worker | ${number(stats.reclaimed)} |`,
    `| run again after a crash | ${number(stats.retried)} |`,
    `| late errors planted, requests hit by one | ${number(ledger.planted)}, ${number(ledger.hitsOfLate)} |`,
    `| transferred arguments lost with a thread ended by force | ${number(ledger.lostTransfers)} |`,
    ...Object.keys(bounds).map(
      (name) =>
        `| ${name} before, after (at most +${bounds[name]}) | ${megabytes(before[name])}, ${megabytes(after[name])} MB |`,
    ),
    `| violations | ${ledger.violations.length} |`,
    '',
    '| kind | count | resolved | rejected |',
    '|---|--:|--:|---|',
  ];
  const sum = { count: 0, resolved: 0, rejected: new Map() };
  for (const [kind, fate] of ledger.fates) {
    lines.push(row(kind, fate));
    sum.count += fate.count;
    sum.resolved += fate.resolved;
    for (const [code, count] of fate.rejected) sum.rejected.set(code, (sum.rejected.get(code) ?? 0) + count);
  }
  lines.push(row('all', sum), '');
  return lines.join('\n');
}

function row(kind, { count, resolved, rejected }) {
  const codes = [...rejected]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, times]) => `${code} ${number(times)}`);
  return `| ${kind} | ${number(count)} | ${number(resolved)} | ${codes.join(', ')} |`;
}
