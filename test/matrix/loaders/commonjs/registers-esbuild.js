require('esbuild-register/dist/node').register();
require('./main.ts');
