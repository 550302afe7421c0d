import { type Size, Unit } from './units';

const factor = await Promise.resolve(1);

export function area({ width, height }: Size): { area: number; unit: Unit } {
  return { area: width * height * factor, unit: Unit.Centimetres };
}

export const echo = <T>(value: T): T => value;
export const here = (): string => import.meta.url;
