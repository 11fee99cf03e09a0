/** For rosinality/glow-pytorch: chains that are built as its Glow is, which its own files become. */
import type { ImageNetConfig } from '../../../config/image-layers';
import type { ImageModelConfig } from '../../../config/schema';
import { glowLevels, type GlowLevel, type GlowStep } from '../../export-to/glow-levels';
import {
  Misfits,
  floats,
  renamed,
  zerosAndOnes,
  type StateDict,
  type Tensors,
} from '../../export-to/state-dict';
import { firstHalf } from '../../import/image-chain';
import { convolutionNames, under } from '../../import/names';
import type { StoredTensor } from '../../tensors/safetensors';
import { blockAt, conventionsOf, glowNet, zeroConvolutionNames } from './import';

const advice =
  'Flows that come from a file of this repository, and were trained on, are; others open where they were trained.';

/** Whether its networks and priors are like the repository's. */
function fits(levels: readonly GlowLevel[], width: number): boolean {
  const isNet = (net: ImageNetConfig): boolean =>
    JSON.stringify(sorted(net)) === JSON.stringify(sorted(glowNet(width, 'ones')));
  return levels.every(
    ({ steps, prior }) =>
      steps.length === levels[0]!.steps.length &&
      steps.every(
        ({ coupling: { mask, net } }) => isNet(net) && mask.join() === firstHalf(mask.length).join(),
      ) &&
      prior?.kernel === 3 &&
      prior.padding === 'ones' &&
      prior.scaled &&
      prior.outputLayout === 'halves',
  );
}

const sorted = (net: ImageNetConfig) =>
  Object.entries(net)
    .filter(([field]) => field !== 'slope')
    .sort(([a], [b]) => a.localeCompare(b));

/** @throws UserError naming the settings that the repository has no counterpart of */
export function rosinalityStateDict(model: ImageModelConfig, tensors: Tensors): StateDict {
  const misfits = new Misfits('rosinality', advice);
  const additive = model.transform === 'additive';
  misfits.only('transform', model.transform, 'affine', 'additive');
  misfits.all(model, { ...conventionsOf(!additive), pad: 0 });
  const [width = 0] = tensors['couplings.0.net.1.bias']?.shape ?? [];
  const levels = glowLevels(model.layers);
  misfits.check(
    levels !== undefined && fits(levels, width),
    'layers',
    model.layers ? 'another chain' : 'none',
    'blocks of a squeeze, steps of act norm, 1×1 convolution and coupling, and a learned prior, as its files have them',
  );
  misfits.finish();
  const dict: StateDict['tensors'] = {};
  for (const [b, { steps, prior }] of levels!.entries()) {
    const block = blockAt('', b);
    for (const [f, step] of steps.entries())
      Object.assign(dict, stepTensors(tensors, step, `${block}.flows.${f}`));
    Object.assign(
      dict,
      renamed(tensors, under(`${block}.prior.`, `${prior!.name}.net.`, zeroConvolutionNames)),
    );
  }
  const affine = additive ? 'False' : 'True';
  return {
    tensors: dict,
    build:
      '# With the repository rosinality/glow-pytorch on the path\n' +
      'from model import Glow\n\n' +
      `flow = Glow(${model.channels}, ${levels![0]!.steps.length}, ${levels!.length}, affine=${affine}, conv_lu=True)`,
    notes:
      width === 512
        ? []
        : [
            `Its networks have ${width} channels: set filter_size=${width} in AffineCoupling of model.py, where 512 stands.`,
          ],
  };
}

function stepTensors(
  tensors: Tensors,
  { actNorm, mixing, coupling }: GlowStep,
  at: string,
): StateDict['tensors'] {
  const values = (name: string): Float32Array => Float32Array.from(tensors[name]!.data);
  const shift = values(`${actNorm.name}.shift`);
  const channels = shift.length;
  const perChannel = [1, channels, 1, 1];
  const square = (entry: (row: number, column: number) => boolean) => zerosAndOnes(channels, entry);
  const initialized: StoredTensor = { dtype: 'U8', shape: [], data: Uint8Array.of(1) };
  return {
    [`${at}.actnorm.loc`]: floats(
      perChannel,
      shift.map((x) => -x),
    ),
    [`${at}.actnorm.scale`]: floats(
      perChannel,
      values(`${actNorm.name}.logScale`).map((x) => Math.exp(-x)),
    ),
    [`${at}.actnorm.initialized`]: initialized,
    [`${at}.invconv.w_p`]: square((row, column) => mixing.order[row] === column),
    [`${at}.invconv.w_l`]: floats([channels, channels], values(`${mixing.name}.lower`)),
    [`${at}.invconv.w_u`]: floats([channels, channels], values(`${mixing.name}.upper`)),
    [`${at}.invconv.w_s`]: floats([channels], values(`${mixing.name}.logDiagonal`)),
    [`${at}.invconv.s_sign`]: floats([channels], Float32Array.from(mixing.signs)),
    [`${at}.invconv.l_mask`]: square((row, column) => row > column),
    [`${at}.invconv.u_mask`]: square((row, column) => row < column),
    [`${at}.invconv.l_eye`]: square((row, column) => row === column),
    ...renamed(tensors, [
      ...under(`${at}.coupling.net.0.`, `${coupling.name}.net.0.`, convolutionNames),
      ...under(`${at}.coupling.net.2.`, `${coupling.name}.net.1.`, convolutionNames),
      ...under(`${at}.coupling.net.4.`, `${coupling.name}.net.2.`, zeroConvolutionNames),
    ]),
  };
}
