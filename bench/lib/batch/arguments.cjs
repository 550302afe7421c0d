/** Lines as arguments, as xargs gives them. */
const { id } = require('./task.cjs');

process.stdout.write(
  process.argv
    .slice(2)
    .map((line) => `${id(line)}\n`)
    .join(''),
);
