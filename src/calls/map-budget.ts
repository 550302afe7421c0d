/** How many items of a map are on the way - taken from the source, and their results not taken by the caller - and may be. */

export interface MapLimits {
  /** At most this many. */
  readonly most: number;
  /** As long as they are no more bytes than this, … */
  readonly bytes: number;
  /** … or no more items than this. */
  readonly least: number;
}

/** How many items may pass before the room is asked for again, if there is some: it follows the mean run time, which changes slowly. */
const ROOM_LASTS = 32;

export class MapBudget {
  readonly #askRoom: () => MapLimits;
  #room: MapLimits = { most: 0, bytes: 0, least: 0 };
  #roomLasts = 0;
  #count = 0;
  /** Of the items, or of their results. */
  #bytes = 0;

  constructor(askRoom: () => MapLimits) {
    this.#askRoom = askRoom;
  }

  /** Whether nothing is on the way. */
  get isUnused(): boolean {
    return this.#count === 0;
  }

  enter(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  /** An item has become a result, which is that many bytes more. */
  grow(bytes: number): void {
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
  }

  /** Whether one more may be taken. */
  hasRoom(): boolean {
    if (this.#roomLasts-- > 0 && !this.#isUsedUp()) return true;
    this.#room = this.#askRoom();
    this.#roomLasts = ROOM_LASTS;
    return !this.#isUsedUp();
  }

  #isUsedUp(): boolean {
    const { most, bytes, least } = this.#room;
    return this.#count >= most || (this.#bytes >= bytes && this.#count >= least);
  }
}
