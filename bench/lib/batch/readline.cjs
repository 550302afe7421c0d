/** As one writes it: `node readline.cjs FILE`. */
const { createReadStream } = require('node:fs');
const { createInterface } = require('node:readline');
const { id } = require('./task.cjs');

async function main() {
  for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
    if (!process.stdout.write(`${id(line)}\n`))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}
main();
