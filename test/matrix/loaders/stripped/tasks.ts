import type { Size } from './units.ts';

export function area({ width, height }: Size): { area: number; unit: string } {
  return { area: width * height, unit: 'cm²' };
}
