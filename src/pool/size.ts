/** The number of workers that there should be, and the limits between which `Autoscaling` changes it. */
import type { ScalingLimits } from './scaler.js';

export class Size {
  /** Always the same object. */
  readonly range: { min: number; max: number };
  #target: number;

  /** Begins with `min`. */
  constructor({ min, max }: ScalingLimits) {
    this.range = { min, max };
    this.#target = min;
  }

  get target(): number {
    return this.#target;
  }

  /** Changes the limits; the target is kept within them. */
  limit({ min, max }: ScalingLimits): void {
    this.range.min = min;
    this.range.max = max;
    this.aim(this.#target);
  }

  /** Changes the target, within the limits. */
  aim(target: number): void {
    this.#target = Math.min(Math.max(target, this.range.min), this.range.max);
  }

  /** One worker has been added or removed for good: limits and target move along. */
  move(by: 1 | -1): void {
    this.range.min = Math.max(0, this.range.min + by);
    this.range.max = Math.max(0, this.range.max + by);
    this.#target = Math.max(0, this.#target + by);
  }

  /** No worker is wanted any more. */
  end(): void {
    this.#target = 0;
  }
}
