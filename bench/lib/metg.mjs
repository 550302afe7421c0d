/**
 * METG(50 %): the minimum effective task granularity, the smallest length at which at least half of the
 * machine does useful work (Slaughter et al., "Task Bench", SC20). Interpolated on the logarithm of the
 * length between the last length below and the first at which the efficiency is reached and never lost again.
 * @param {{ length: number, efficiency: number }[]} points lengths ascending
 * @param {number} [target]
 * @returns {{ length: number, bound: '=' | '≤' | '>' }} `≤` when the shortest length already reaches it, `>`
 *   when the longest does not
 */
export function metg(points, target = 0.5) {
  let above = points.length;
  while (above > 0 && points[above - 1].efficiency >= target) above--;
  if (above === 0) return { length: points[0].length, bound: '≤' };
  if (above === points.length) return { length: points[points.length - 1].length, bound: '>' };
  const low = points[above - 1];
  const high = points[above];
  const share = (target - low.efficiency) / (high.efficiency - low.efficiency);
  return { length: low.length * (high.length / low.length) ** share, bound: '=' };
}
