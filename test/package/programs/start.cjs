const { Balancer, tasks } = require('leastwork');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// Not closed: a program ends by itself when nothing is pending.
const { sha256 } = tasks(pathToFileURL(path.join(__dirname, 'digest.js')));
const balancer = new Balancer({ workers: 2 });
balancer
  .submit((a, b) => a + b, [1, 2])
  .then((sum) => {
    console.log(sum);
    return balancer.submit(sha256, ['abc']);
  })
  .then((digest) => console.log(digest));
