import { putAt } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import type { SampleGrid, Morph } from '../../../protocol/inspect';
import type { SampleQuery } from '../../../protocol/selection';
import { sample } from '../../use/sample';
import { wayRunner, latentPlaces } from './sources';
import { checkWhole, checkIndex, type Inquiry } from '../inquiry';
import type { NdArray } from '../../../protocol/tensors';
import { cropImages } from '../../model/inputs';
import { sampleLatents } from '../../model/examples';
import type { InspectedLayer } from '../../model/inspected-flow';
import { breathe } from '../../model/breathe';

const mostSamples = 10_000;

/** @throws UserError for a query that cannot be answered */
export function checkSamples({ count, seed, temperature }: SampleQuery): void {
  checkWhole(count, 1, mostSamples, `${count} samples were asked for; expected`);
  checkDraw({ seed, temperature });
}

/** @throws UserError */
export function checkDraw({ seed, temperature }: { seed: number; temperature: number }): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UserError(`The seed is ${seed}; expected a whole number from 0.`);
  if (!(temperature >= 0) || !Number.isFinite(temperature))
    throw new UserError(`The temperature is ${temperature}; expected a number from 0.`);
}

export async function samples({ model, signal }: Inquiry, query: SampleQuery): Promise<SampleGrid> {
  checkSamples(query);
  return { values: (await sample(await wayRunner(model, query.count), query, { signal })).x };
}

const still = new Set(['squeeze', 'flatten', 'factorOut', 'permute']);

/**
 * The whole picture after each layer has been undone: what the layer works on, at its place in the image, and the
 * latents that join later, where they will. Layers that only move values are left out, since nothing changes there.
 */
export async function morph(
  { model, signal }: Inquiry,
  query: SampleQuery & { index: number },
): Promise<Morph> {
  checkSamples(query);
  const { flow, config, layers } = model;
  checkIndex(query.index, query.count, `Sample ${query.index} was asked for; there are`);
  const drawn = await sampleLatents(model, query, query.index, 1);
  const program = await model.programs.way();
  await breathe(signal);
  const values = await program.run({ z: { shape: [1, ...flow.outputShape], data: drawn } });
  const shape = [...flow.inputShape];
  const places = latentPlaces(model);
  const latent = places ? putAt(drawn, places, new Float32Array(drawn.length)) : drawn;
  const steps: Morph['steps'] = [{ layer: null, label: 'z', value: { shape, data: latent } }];
  for (const layer of layers.toReversed()) {
    if (still.has(layer.info.kind)) continue;
    const value = values[String(layer.info.index)]!.data as Float32Array;
    steps.push({
      layer: layer.info.index,
      label: labelOf(layer),
      value: layer.flow
        ? { shape, data: putAt(value, layer.flow.positions, latent.slice()) }
        : dataValue(value),
    });
  }
  // Without preprocessing the first coupling's input is x itself.
  if (!model.preprocess) {
    const end = steps[steps.length - 1]!;
    end.label = `x, ${end.label}`;
  }
  return { steps };

  function dataValue(value: Float32Array): NdArray<Float32Array> {
    return {
      shape: config.kind === 'image' ? [config.height, config.width, config.channels] : shape,
      data: cropImages(value, 1, config),
    };
  }
}

function labelOf({ info, flow }: InspectedLayer): string {
  if (info.coupling !== undefined) return `coupling ${info.coupling + 1} undone`;
  return flow ? `${info.kind} undone` : `x, ${info.kind} undone`;
}
