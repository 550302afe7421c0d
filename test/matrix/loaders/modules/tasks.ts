import { type Size, Unit } from './units.js';

export function area({ width, height }: Size): { area: number; unit: Unit } {
  return { area: width * height, unit: Unit.Centimetres };
}
