import { type Size, Unit } from './units';

export function area({ width, height }: Size): { area: number; unit: Unit } {
  return { area: width * height, unit: Unit.Centimetres };
}
