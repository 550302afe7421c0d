/** How many workers there should be, and the limits between which that changes by itself. */
import type { ScalingLimits } from './scaler.js';

export class Size {
  /** The same object always. */
  readonly range: { min: number; max: number };
  #target: number;

  /** Begins with the least number. */
  constructor({ min, max }: ScalingLimits) {
    this.range = { min, max };
    this.#target = min;
  }

  get target(): number {
    return this.#target;
  }

  /** Other limits; the target keeps to them. */
  limit({ min, max }: ScalingLimits): void {
    this.range.min = min;
    this.range.max = max;
    this.aim(this.#target);
  }

  /** As many as that, within the limits. */
  aim(target: number): void {
    this.#target = Math.min(Math.max(target, this.range.min), this.range.max);
  }

  /** One worker has been added or removed for good: limits and target move along. */
  move(by: 1 | -1): void {
    this.range.min = Math.max(0, this.range.min + by);
    this.range.max = Math.max(0, this.range.max + by);
    this.#target = Math.max(0, this.#target + by);
  }

  /** No worker is to be there any more. */
  end(): void {
    this.#target = 0;
  }
}
