const path = require('node:path');
module.exports = {
  mode: 'production',
  target: 'node20',
  entry: { main: './src/main.js', tasks: './src/tasks.js' },
  output: { path: path.resolve('out-webpack'), filename: '[name].cjs' },
};
