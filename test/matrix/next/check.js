// The server as Next bundles it, without any setting for leastwork.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');

const server = spawn('next', ['start', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let output = '';
server.stdout.setEncoding('utf8').on('data', async (chunk) => {
  output += chunk;
  const [, address] = /(http:\/\/localhost:\d+)/.exec(output) ?? [];
  if (address === undefined || !/Ready/.test(output)) return;
  server.stdout.removeAllListeners('data');
  try {
    assert.equal(await (await fetch(`${address}/sum`)).text(), 'sum 3');
  } finally {
    server.kill();
  }
});
