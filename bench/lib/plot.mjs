import * as echarts from 'echarts';

/** One colour per rival in every plot; ours is the dark one. */
const COLOURS = {
  leastwork: '#0b3d91',
  'leastwork, inline function': '#4f7fd1',
  piscina: '#d1495b',
  'piscina, 16 per thread': '#e79aa5',
  tinypool: '#edae49',
  workerpool: '#8d6a9f',
  poolifier: '#30a07d',
  'poolifier, tasks queue': '#97c8b3',
  postMessage: '#7d7d7d',
  inline: '#b8b8b8',
  'bare threads': '#b8b8b8',
  'central queue, simulated': '#000000',
};

/** Beyond the rivals: the policies. */
const OTHERS = [
  '#0b3d91',
  '#d1495b',
  '#edae49',
  '#30a07d',
  '#8d6a9f',
  '#7d7d7d',
  '#00798c',
  '#a44a3f',
  '#5f8d4e',
  '#c2b280',
  '#111111',
];

const DASHED = new Set(['bare threads', 'central queue, simulated', 'inline']);

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} x axis title
 * @property {string} y axis title
 * @property {'log' | 'value' | 'category'} [xType] default 'log'
 * @property {'log' | 'value'} [yType] default 'value'
 * @property {number} [yMax]
 * @property {(string | number)[]} [categories] of a category axis
 * @property {{ name: string, points: [number | string, number][] }[]} series
 */

/**
 * Line charts side by side, sharing a legend, as SVG text.
 * @param {Panel[]} panels
 * @param {'line' | 'bar'} [type]
 */
export function plot(panels, type = 'line') {
  const width = Math.max(720, 480 * panels.length);
  const height = 460;
  const share = 100 / panels.length;
  const names = [...new Set(panels.flatMap((panel) => panel.series.map(({ name }) => name)))];
  const colour = (/** @type {string} */ name) => COLOURS[name] ?? OTHERS[names.indexOf(name) % OTHERS.length];
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    backgroundColor: '#ffffff',
    animation: false,
    textStyle: { fontFamily: 'sans-serif' },
    legend: { data: names, bottom: 6, itemWidth: 22, itemGap: 20 },
    title: panels.map((panel, i) => ({
      text: panel.title,
      left: `${share * (i + 0.5)}%`,
      top: 8,
      textAlign: 'center',
      textStyle: { fontSize: 14 },
    })),
    grid: panels.map((_, i) => ({
      left: `${share * i + share * 0.13}%`,
      width: `${share * 0.82}%`,
      top: 48,
      bottom: 110,
    })),
    xAxis: panels.map((panel, i) => ({
      gridIndex: i,
      type: panel.xType ?? 'log',
      name: panel.x,
      nameLocation: 'middle',
      nameGap: 26,
      data: panel.categories,
      min: 'dataMin',
      max: 'dataMax',
      axisLabel: {
        interval: 0,
        rotate: panel.categories && panel.categories.length > 6 ? 25 : 0,
        hideOverlap: true,
      },
      minorSplitLine: {
        show: panel.xType === undefined || panel.xType === 'log',
        lineStyle: { color: '#f2f2f2' },
      },
    })),
    yAxis: panels.map((panel, i) => ({
      gridIndex: i,
      type: panel.yType ?? 'value',
      name: panel.y,
      nameLocation: 'middle',
      nameGap: 44,
      max: panel.yMax,
    })),
    series: panels.flatMap((panel, i) =>
      panel.series.map(({ name, points }) => ({
        name,
        type,
        xAxisIndex: i,
        yAxisIndex: i,
        data: points,
        symbolSize: 5,
        itemStyle: { color: colour(name) },
        lineStyle: {
          color: colour(name),
          width: name.startsWith('leastwork') ? 3 : 1.6,
          type: DASHED.has(name) ? 'dashed' : 'solid',
        },
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
