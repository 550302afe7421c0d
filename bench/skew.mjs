import { benchOptions } from './lib/cli.mjs';
import { figure } from './lib/format.mjs';
import { SERVICE } from './lib/open-loop.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { skewRuns } from './lib/skew.mjs';
import { slowdownData, slowdownPanels, slowdownTable } from './lib/slowdown.mjs';

/** How long requests wait when a few of them are a hundred times as long as the others. */

const WORKERS = 8;

const options = benchOptions();
const rounds = options.rounds(3, 1);
const count = options.quick ? 1_500 : 8_000;
const loads = [0.7, 0.9];
const names = options.rivals([
  'leastwork',
  'piscina',
  'piscina-concurrent',
  'tinypool',
  'workerpool',
  'poolifier',
  'poolifier-queue',
  'postmessage',
]);

const rivals = await startRivals(names, WORKERS);
const runs = await skewRuns(rivals, { loads, rounds, count, workers: WORKERS });
await closeRivals(rivals);

write({
  name: 'skew',
  title: 'Skew: short requests among long ones',
  method:
    `Open loop: ${figure(count)} Poisson arrivals a round, bounded-Pareto service times (shape ${SERVICE.shape}, ${SERVICE.low}–${SERVICE.high} ms, mean 5.1 ms), ${WORKERS} workers whose task blocks without ` +
    'using the CPU. Slowdown = time in system / service time, from the real submission and with the service time that the worker measured. The simulation is an exact central queue ' +
    '(first in first out, hand-over for nothing) on the same submissions and service times; each rival is compared with the simulation of its own round. Each round has its own seed, the ' +
    'same for all rivals.',
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables: runs.map(slowdownTable),
  data: slowdownData(runs),
  plots: { '': plot(slowdownPanels(runs), 'bar') },
});
