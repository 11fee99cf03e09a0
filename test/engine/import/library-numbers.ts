/** A checkpoint of a library against what the library computes from it in float64. */
import { writeFile } from 'node:fs/promises';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { readNpz } from '../../unit/support/npz';
import { fromChannelsLast, toChannelsLast } from '../../../src/engine/model/runner';
import type { FlowModel } from '../../../src/engine/model/flow-model';
import type { ImportAnswers } from '../../../src/protocol/import';
import { maxAbsDifference } from '../../contract/eager';

/** What stands beside a checkpoint, in case.json. */
export interface LibraryCase {
  /** As in the sidecar. */
  library: string;
  /** The file as the library saves it. */
  checkpoint: string;
  /** What the file does not hold and is not the default. */
  answers: ImportAnswers;
  /** Largest absolute differences to float64; absent for what the library does not give, or means something else by. */
  tolerance: Partial<Record<Compared, number>>;
}

export type Compared = 'z' | 'logdet' | 'log_prob' | 'x';

/** Writes the answers beside the checkpoint, as a person gives them. */
export async function answer(file: string, { library, answers }: LibraryCase): Promise<void> {
  if (Object.keys(answers).length > 0)
    await writeFile(sidecarPath(file), JSON.stringify({ library, answers }));
}

/**
 * How far the opened flow is from `io`, an .npz with x, its latents and densities in float64, and latents with their x.
 * @returns largest absolute difference of what the case has a tolerance for
 */
export async function differences(
  { runner: ours, flow }: FlowModel,
  io: string,
  tolerance: LibraryCase['tolerance'],
): Promise<Partial<Record<Compared, number>>> {
  const archive = await readNpz(io);
  const values = (array: string): Float32Array =>
    Float32Array.from(archive.array(array).data as ArrayLike<number>);
  const optional = (array: string): Float32Array | undefined =>
    archive.names.includes(array) ? values(array) : undefined;
  const count = archive.array('x').shape[0]!;
  // Latents as the library gives them.
  const runner = ours.asLibrary ?? ours;
  const layout = flow.inputShape.length === 3 ? 'nchw' : 'nhwc';
  const x = toChannelsLast(values('x'), runner.inputShape, layout);
  const contexts = (array: string): Float32Array | undefined => {
    const given = optional(array);
    return given && toChannelsLast(given, runner.context?.shape ?? [], 'nchw');
  };
  const { z, logDet, prior } = await runner.forward(x, count, 'flow', { context: contexts('context') });
  const found: Partial<Record<Compared, number>> = {
    z: maxAbsDifference(fromChannelsLast(z, runner.outputShape, layout), values('z_f64')),
  };
  if (tolerance.logdet !== undefined) found.logdet = maxAbsDifference(logDet, values('logdet_f64'));
  const logProb = logDet.map((value, i) => value + prior[i]!);
  found.log_prob = maxAbsDifference(logProb, values('log_prob_f64'));
  if (tolerance.x !== undefined) {
    const latents = toChannelsLast(values('z_in'), runner.outputShape, layout);
    const back = await runner.inverse(latents, archive.array('z_in').shape[0]!, 'flow', {
      context: contexts('context_in'),
    });
    // A library that gives the last latents alone leads back with the means of the others.
    const theirs = optional('x_from_z_f64') ?? values('x_from_z_mean');
    found.x = maxAbsDifference(fromChannelsLast(back.x, runner.inputShape, layout), theirs);
  }
  return found;
}

/** What is off by more than the case allows, in words; none where all is well. */
export function tooFar(
  found: Partial<Record<Compared, number>>,
  tolerance: LibraryCase['tolerance'],
): string[] {
  return (Object.entries(found) as [Compared, number][])
    .filter(([what, difference]) => !(difference <= tolerance[what]!))
    .map(
      ([what, difference]) =>
        `${what} is off by ${difference.toExponential(1)} (at most ${tolerance[what]!.toExponential(1)})`,
    );
}
