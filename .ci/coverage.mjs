// Coverage of the sources, from the built files that Node ran.
export default {
  reports: [['console-details', {}]],
  outputDir: 'coverage/report',
  entryFilter: { '**/node_modules/**': false, '**/dist/**': true, '**': false },
  sourceFilter: { '**/node_modules/**': false, '**/src/**': true, '**/workers/**': true },
};
