/** For chrischute/real-nvp: image flows in its conventions; s and t are put in its order, one scale becomes one a channel. */
import type { ImageModelConfig } from '../../../config/schema';
import type { NdArray } from '../../../protocol/tensors';
import { chrischuteConventions, chrischutePlan } from './import';
import { libraryNames } from '../../import/names';
import {
  Misfits,
  batchCounts,
  floats,
  renamed,
  type StateDict,
  type Tensors,
} from '../../export-to/state-dict';
import { valuesOf } from '../../export-to/nets';

/** @throws UserError naming the settings that the repository has no counterpart of */
export function chrischuteStateDict(model: ImageModelConfig, tensors: Tensors): StateDict {
  checkFit(model);
  const { channels, scales, base, blocks } = model;
  const dict: StateDict['tensors'] = { data_constraint: floats([1], Float32Array.of(model.dataRange)) };
  for (const { name, table } of chrischutePlan(model)) {
    const rewritten = { ...tensors, ...inLibraryOrder(model, name, tensors) };
    Object.assign(dict, renamed(rewritten, table), batchCounts(table.flatMap(libraryNames)));
  }
  return {
    tensors: dict,
    build:
      '# With the repository chrischute/real-nvp on the path\n' +
      'from models import RealNVP\n\n' +
      `flow = RealNVP(num_scales=${scales}, in_channels=${channels}, mid_channels=${base}, num_blocks=${blocks})`,
    notes: [
      'The repository loads checkpoints whose state dict is under "net": torch.save({"net": state_dict, "test_loss": 0, "epoch": 0}, path).',
      ...(model.pad > 0
        ? [`The repository does not pad: give it images with ${model.pad} pixels of zeros at each edge.`]
        : []),
    ],
  };
}

/** What writing cannot change. Training alone reads normDecay; the order of s and t and the scales are rewritten. */
const rewritten = ['normDecay', 'outputOrder', 'outputLayout', 'scaleMap'];

function checkFit(model: ImageModelConfig): void {
  const misfits = new Misfits('chrischute', 'The preset chrischute trains a flow that fits.');
  const kept = Object.entries(chrischuteConventions).filter(([field]) => !rewritten.includes(field));
  const { channelPolarity = model.polarity } = model;
  misfits.all({ ...model, channelPolarity }, Object.fromEntries(kept));
  misfits.only('scaleMap', model.scaleMap, 'tanh-channel', 'tanh-scalar');
  misfits.only('levels', model.levels, 256);
  misfits.finish();
}

/** s before t, in halves, and a scale for each channel that moves. */
function inLibraryOrder(
  model: ImageModelConfig,
  coupling: string,
  tensors: Tensors,
): Record<string, NdArray> {
  const outputs = valuesOf(tensors, `${coupling}.net.convOut.bias`).data.length;
  const moved = outputs / 2;
  const place = (part: 0 | 1, channel: number): number => {
    const at = model.outputOrder === 'scale-shift' ? part : 1 - part;
    return model.outputLayout === 'halves' ? at * moved + channel : 2 * channel + at;
  };
  const order = Array.from({ length: outputs }, (_, i) => place(i < moved ? 0 : 1, i % moved));
  const reordered = ['v', 'g', 'bias'].map((part) => {
    const name = `${coupling}.net.convOut.${part}`;
    const { shape, data } = valuesOf(tensors, name);
    return [
      name,
      { shape, data: data.map((_, i) => data[i - (i % outputs) + order[i % outputs]!]!) },
    ] as const;
  });
  const { data: scale } = valuesOf(tensors, `${coupling}.scale`);
  const perChannel = scale.length === moved ? scale : new Float32Array(moved).fill(scale[0]!);
  return { ...Object.fromEntries(reordered), [`${coupling}.scale`]: { shape: [moved], data: perChannel } };
}
