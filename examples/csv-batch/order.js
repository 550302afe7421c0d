// Runs in the threads.

/**
 * Called for each record, an object by the names of the header. Its result is a line of the output, as JSON.
 */
export function total({ id, quantity, price }) {
  const sum = Number(quantity) * Number(price);
  if (!Number.isFinite(sum)) throw new RangeError(`order ${id}: '${quantity}' × '${price}' is no number`);
  // `undefined` gives no line.
  return sum === 0 ? undefined : { id, total: Math.round(sum * 100) / 100 };
}
