// The README's picture: efficiency by length of task, from results/granularity.json.
//   node bench/picture.mjs           writes docs/efficiency.svg
//   node bench/picture.mjs --check   fails if that file is not the picture of the results
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const results = fileURLToPath(new URL('results/granularity.json', import.meta.url));
const picture = fileURLToPath(new URL('../docs/efficiency.svg', import.meta.url));
const WORKERS = 2;

/**
 * Each rival's name and colour. A picture in a README does not know the page's background, so that the
 * colours have a contrast of some 4 to 1 on white and on black. `mark` tells lines apart where colours do
 * not.
 */
const LINES = [
  { name: 'leastwork', label: 'leastwork', colour: '#2f7fe8', mark: '' },
  { name: 'poolifier', label: 'poolifier', colour: '#0f8f86', mark: '9 4' },
  { name: 'piscina, 16 per thread', label: 'Piscina, 16 a thread', colour: '#d1495b', mark: '2 4' },
  { name: 'piscina', label: 'Piscina', colour: '#d1495b', mark: '' },
  { name: 'tinypool', label: 'Tinypool', colour: '#b8770f', mark: '' },
  { name: 'workerpool', label: 'workerpool', colour: '#9a6bb5', mark: '6 3' },
];
const TEXT = '#757d87';

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 62;
const RIGHT = 588;
const TOP = 46;
const BOTTOM = 344;
const LABEL_X = RIGHT + 14;
const LABEL_HEIGHT = 21;

const { data, environment } = JSON.parse(readFileSync(results, 'utf8'));
const { points } = data.runs.find(({ workers }) => workers === WORKERS);
const lengths = points.map(({ length }) => length);
const [shortest, longest] = [lengths[0], lengths.at(-1)];

const x = (length) => LEFT + ((RIGHT - LEFT) * Math.log(length / shortest)) / Math.log(longest / shortest);
const y = (share) => BOTTOM - (BOTTOM - TOP) * share;
const round = (n) => Number(n.toFixed(1));
const share = (name, length) => points.find((point) => point.length === length).efficiency[name].median;

function text(at, what, { anchor = 'start', size = 13, colour = TEXT, bold = false } = {}) {
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${round(at[0])}" y="${round(at[1])}" text-anchor="${anchor}" font-size="${size}" fill="${colour}"${weight}>${what}</text>`;
}

function grid() {
  const parts = [];
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(`<path d="M${LEFT} ${round(y(part))}H${RIGHT}" stroke="${TEXT}" stroke-opacity="0.3"/>`);
    parts.push(text([LEFT - 8, y(part) + 4.5], `${part * 100} %`, { anchor: 'end' }));
  }
  for (const [length, label] of [
    [1, '1 µs'],
    [10, '10 µs'],
    [100, '100 µs'],
    [1000, '1 ms'],
  ]) {
    parts.push(`<path d="M${round(x(length))} ${BOTTOM}v5" stroke="${TEXT}"/>`);
    parts.push(text([x(length), BOTTOM + 20], label, { anchor: 'middle' }));
  }
  parts.push(text([(LEFT + RIGHT) / 2, BOTTOM + 42], 'length of a task', { anchor: 'middle' }));
  return parts;
}

function line({ name, colour, mark }) {
  const path = lengths.map((length) => `${round(x(length))} ${round(y(share(name, length)))}`).join('L');
  const dash = mark === '' ? '' : ` stroke-dasharray="${mark}"`;
  const width = name === 'leastwork' ? 4 : 2;
  return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"${dash}/>`;
}

/** At the right, in the order of the lines at 20 µs, where they are farthest apart. */
function legend() {
  const ordered = [...LINES].sort((a, b) => share(b.name, 20) - share(a.name, 20));
  return ordered.flatMap((each, i) => {
    const at = TOP + 58 + i * LABEL_HEIGHT;
    const bold = each.name === 'leastwork';
    const dash = each.mark === '' ? '' : ` stroke-dasharray="${each.mark}"`;
    return [
      `<path d="M${LABEL_X} ${at - 4.5}h22" stroke="${each.colour}" stroke-width="${bold ? 4 : 2}"${dash}/>`,
      text([LABEL_X + 28, at], each.label, { colour: each.colour, bold }),
    ];
  });
}

const percent = (name, length) => `${Math.round(share(name, length) * 100)} %`;
const summary = LINES.map(({ name, label }) => `${label} ${percent(name, 20)}`).join(', ');
const title = `Share of ${WORKERS} cores that does useful work, by length of task`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">
<title id="title">${title}</title>
<desc id="desc">With tasks of 20 µs: ${summary}.</desc>
${[
  text([LEFT, 22], title, { size: 15, bold: true }),
  ...grid(),
  ...LINES.toReversed().map(line),
  ...legend(),
  text([LABEL_X, BOTTOM - 17], `Node ${environment.node.slice(1)},`, { size: 12 }),
  text([LABEL_X, BOTTOM], `${environment.cores} cores`, { size: 12 }),
].join('\n')}
</svg>
`;

if (!process.argv.includes('--check')) writeFileSync(picture, svg);
else if (readFileSync(picture, 'utf8') !== svg) {
  console.log(
    'docs/efficiency.svg is not the picture of bench/results/granularity.json: node bench/picture.mjs',
  );
  process.exitCode = 1;
}
