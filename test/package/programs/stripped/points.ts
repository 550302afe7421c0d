export interface Point {
  x: number;
}

export function twice(point: Point): number {
  return point.x * 2;
}
