import { UsageError } from '../arguments.js';
import type { ByteString } from '../files/bytes.js';
import type { Places } from '../files/places.js';
import { quote } from '../files/quote.js';
import type { Output } from '../manifest/output.js';
import type { Inputs } from './inputs.js';

/**
 * Refuses an output that is the list of the inputs, or the only input: as the output it is left out, and a manifest
 * of nothing would replace what the user has named as an input.
 * @throws UsageError
 */
export async function refuseLostInput(inputs: Inputs, { leftOut }: Output, places: Places): Promise<void> {
  const isOutput = async (path: ByteString): Promise<boolean> => {
    // Standard input.
    if (path === '-' || leftOut === undefined) return false;
    try {
      const { stats } = await places.find(path);
      return stats?.isFile() === true && leftOut.has(stats);
    } catch {
      // Told when it is read.
      return false;
    }
  };
  if ('file' in inputs) {
    if (await isOutput(inputs.file))
      throw new UsageError(
        `--output: ${quote(inputs.file)} is also the list of files, and would be replaced`,
      );
    return;
  }
  for (const path of inputs) if (!(await isOutput(path))) return;
  const [only] = inputs;
  if (only !== undefined)
    throw new UsageError(`--output: ${quote(only)} is also the only file to hash, and would be replaced`);
}
