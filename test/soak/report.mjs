/** The soak's table, as Markdown. */

const count = (value) => value.toLocaleString('en-US');
const megabytes = (value) => `${value.toFixed(1)} MB`;

export function report({
  requests,
  seed,
  workers,
  seconds,
  books,
  changes,
  before,
  after,
  violations,
  where,
}) {
  const kinds = [...books].map(([name, { requests: all, resolved, rejected, codes }]) => [
    name,
    count(all),
    count(resolved),
    count(rejected),
    [...codes].map(([code, times]) => `${code} ${count(times)}`).join(', '),
  ]);
  const sum = (key) => count([...books.values()].reduce((total, book) => total + book[key], 0));
  return [
    '# Soak',
    `${count(requests)} requests, seed ${seed}, ${workers} workers at the start; ${seconds.toFixed(0)} s. ${where}.`,
    table(
      ['request', 'requests', 'resolved, right', 'rejected, as earned', 'with'],
      [...kinds, ['**all**', sum('requests'), sum('resolved'), sum('rejected'), '']],
    ),
    table(
      ['meanwhile', ''],
      Object.entries(changes).map(([name, times]) => [name, count(times)]),
    ),
    table(
      ['memory', 'before', 'after'],
      ['heap', 'buffers', 'resident'].map((name) => [name, megabytes(before[name]), megabytes(after[name])]),
    ),
    violations.length === 0
      ? 'No violation: each promise settled once, each result was right, each rejection was earned; no thread, port, listener or timer was left.'
      : `## Violations\n\n${violations.map((each) => `- ${each}`).join('\n')}`,
    '',
  ].join('\n\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
