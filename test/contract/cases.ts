/** Every bijection and every kind of flow that the contract is held against. */
import * as tf from '@tensorflow/tfjs-core';
import { actNorm } from '../../src/flow/layers/act-norm';
import { conv1x1 } from '../../src/flow/mixing/conv1x1';
import { fullConv1x1 } from '../../src/flow/mixing/full-conv1x1';
import { flatten } from '../../src/flow/layers/flatten';
import { haar } from '../../src/flow/layers/haar';
import { flowNorm } from '../../src/flow/layers/batch-norm';
import type { Bijection } from '../../src/flow/core/bijection';
import type { NormOptions, OutputConvention } from '../../src/flow/core/spec';
import { coupling } from '../../src/flow/layers/coupling';
import {
  channelMask,
  checkerboardMask,
  conditionsFirst,
  featureMask,
  type Mask,
  randomMask,
  randomOrder,
  type Polarity,
} from '../../src/flow/core/masks';
import { factorOut, folded } from '../../src/flow/layers/multi-scale';
import { jointConditioner, valuesTaken } from '../../src/flow/nets/conditioner';
import { mlp } from '../../src/flow/nets/mlp';
import { residualNet } from '../../src/flow/nets/residual';
import { permutation } from '../../src/flow/layers/permutation';
import { logit, standardize } from '../../src/flow/preprocess';
import { sequence } from '../../src/flow/layers/sequence';
import { halves, masked } from '../../src/flow/layers/splits';
import { squeeze, subpixelMajorChannels } from '../../src/flow/layers/squeeze';
import { affine, type AffineForm } from '../../src/flow/transforms/affine';
import type { UnivariateTransform } from '../../src/flow/transforms/types';

import { flowOf } from './flow-of';

export interface Case {
  label: string;
  bijection: Bijection;
  /** Maps a standard normal test input to where the bijection is defined. */
  domain?: 'pixels';
}

const transformOf = (form: AffineForm, features: number, decayScale: boolean): UnivariateTransform =>
  affine({
    name: 'c',
    features,
    form,
    scaleMap: { kind: 'tanh-channel', epsilon: 1e-3, clamp: 2 },
    decayScale,
  });

const plainNorm: NormOptions = {
  decay: 0.1,
  epsilon: 1e-4,
  variance: 'biased',
  over: 'moved',
  statistics: 'batch',
};

const order: OutputConvention = { outputOrder: 'scale-shift', outputLayout: 'halves' };

export function vectorCoupling(dim: number, mask: Mask, form: AffineForm, norm: boolean): Bijection {
  const transform = transformOf(form, dim, false);
  return coupling({
    name: 'c',
    shape: [dim],
    split: masked(mask),
    transform,
    conditioner: jointConditioner(
      mlp({
        name: 'c.net',
        inputs: dim,
        hidden: [8, 8],
        outputs: valuesTaken(transform.takes) * dim,
        activation: tf.tanh,
      }),
      transform.takes,
      order,
    ),
    ...(norm ? { norm: plainNorm } : {}),
  });
}

export function imageCoupling(
  shape: [number, number, number],
  kind: 'checkerboard' | 'channelwise',
  number: number,
  polarity: Polarity,
  form: AffineForm,
): Bijection {
  const net = {
    name: 'c.net',
    width: 4,
    blocks: 1,
    batchNorm: true,
    normDecay: 0.1,
    normEpsilon: 1e-5,
    normGain: true,
    allLengths: true,
    doubling: kind === 'checkerboard',
  };
  const first = conditionsFirst(polarity, number);
  const mask = kind === 'checkerboard' ? checkerboardMask(shape, first) : channelMask(shape, first);
  const split = kind === 'checkerboard' ? masked(mask) : halves(shape, mask.data[0] === 1);
  const channels = split.identityShape[2]!;
  const transform = transformOf(form, channels, true);
  return coupling({
    name: 'c',
    shape,
    split,
    transform,
    conditioner: jointConditioner(
      residualNet({
        ...net,
        channels,
        outputs: valuesTaken(transform.takes) * channels,
        ...(kind === 'checkerboard' ? { maskChannel: mask } : {}),
      }),
      transform.takes,
      order,
    ),
    norm: plainNorm,
  });
}

const image: [number, number, number] = [4, 4, 2];

export const cases: Case[] = [
  {
    label: 'affine coupling, x·eˢ + t',
    bijection: vectorCoupling(
      5,
      featureMask(5, 0, 'alternate', 'first-conditions'),
      'scale-then-shift',
      false,
    ),
  },
  {
    label: 'affine coupling, (x + t)·eˢ',
    bijection: vectorCoupling(5, featureMask(5, 1, 'halves', 'first-moves'), 'shift-then-scale', false),
  },
  {
    label: 'affine coupling, random mask, batch norm',
    bijection: vectorCoupling(6, randomMask(6, 1, 3), 'scale-then-shift', true),
  },
  {
    label: 'checkerboard coupling, even pixels condition',
    bijection: imageCoupling(image, 'checkerboard', 0, 'first-conditions', 'scale-then-shift'),
  },
  {
    label: 'checkerboard coupling, odd pixels condition',
    bijection: imageCoupling(image, 'checkerboard', 0, 'first-moves', 'shift-then-scale'),
  },
  {
    label: 'channel-wise coupling, first half conditions',
    bijection: imageCoupling(image, 'channelwise', 0, 'first-conditions', 'scale-then-shift'),
  },
  {
    label: 'channel-wise coupling, second half conditions',
    bijection: imageCoupling(image, 'channelwise', 0, 'first-moves', 'shift-then-scale'),
  },
  { label: 'batch norm, vector', bijection: flowNorm({ name: 'n', shape: [4], ...plainNorm }) },
  {
    label: 'batch norm, masked image',
    bijection: flowNorm({ name: 'n', shape: image, mask: checkerboardMask(image, true), ...plainNorm }),
  },
  { label: 'squeeze, channel-major', bijection: squeeze('q', image, 'channel-major') },
  { label: 'squeeze, subpixel-major', bijection: squeeze('q', image, 'subpixel-major') },
  { label: 'squeeze, row-major', bijection: squeeze('q', image, 'row-major') },
  { label: 'flatten', bijection: flatten('f', image) },
  { label: 'Haar wavelets', bijection: haar('h', [2, 2, 8], 0.6) },
  { label: 'act norm, vector', bijection: actNorm('a', [3]) },
  { label: 'act norm, image', bijection: actNorm('a', image) },
  ...[2, 3, 5, 8].map((channels) => ({
    label: `1×1 convolution of ${channels} channels`,
    bijection: conv1x1({
      name: 'w',
      shape: [2, 3, channels],
      order: randomOrder(channels, 1),
      signs: Array.from({ length: channels }, (_, i) => (i % 3 === 2 ? -1 : 1)),
      bias: channels % 2 === 1,
    }),
  })),
  ...[1, 2, 5, 8].map((channels) => ({
    label: `1×1 convolution without factors, of ${channels} channel${channels > 1 ? 's' : ''}`,
    bijection: fullConv1x1('w', [2, 3, channels], channels % 2 === 1),
  })),
  { label: 'permutation', bijection: permutation('p', [5], [3, 1, 4, 0, 2]) },
  {
    label: 'logit',
    bijection: logit({ name: 'l', shape: [2, 2, 1], levels: 17, dataRange: 0.9, constraint: 'symmetric' }),
    domain: 'pixels',
  },
  {
    label: 'logit as printed',
    bijection: logit({ name: 'l', shape: [2, 2, 1], levels: 17, dataRange: 0.95, constraint: 'as-printed' }),
    domain: 'pixels',
  },
  { label: 'standardization', bijection: standardize('s', { mean: [1, -2, 0.5], std: [0.3, 4, 1] }) },
  {
    label: 'maps of columns before standardization',
    bijection: standardize('s', {
      mean: [2, 0.1, 0.5],
      std: [0.3, 0.5, 1],
      transforms: ['log:-8', 'logit:-9:8', null],
    }),
  },
  {
    label: 'factor-out around a coupling, squeezed',
    bijection: folded(
      'm',
      squeeze('m.squeeze', image, 'channel-major'),
      factorOut(
        'm.f',
        [2, 2, 8],
        subpixelMajorChannels(2),
        sequence('m.s', [imageCoupling([2, 2, 4], 'channelwise', 0, 'first-conditions', 'scale-then-shift')]),
      ),
    ),
  },
  {
    label: 'vector flow, D = 1',
    bijection: flowOf({ kind: 'vector', dim: 1, couplings: 2, hidden: [4], activation: 'tanh' }),
  },
  {
    label: 'vector flow, D = 2',
    bijection: flowOf({ kind: 'vector', dim: 2, couplings: 8, hidden: [8, 8] }),
  },
  {
    label: 'vector flow, D = 7, permuted, batch norm',
    bijection: flowOf({
      kind: 'vector',
      dim: 7,
      couplings: 4,
      hidden: [8],
      mask: 'halves',
      permutation: 'random',
      flowNorm: true,
      activation: 'leaky-relu',
    }),
  },
  {
    label: 'vector flow, D = 6, random masks, reversed',
    bijection: flowOf({
      kind: 'vector',
      dim: 6,
      couplings: 4,
      hidden: [8],
      mask: 'random',
      permutation: 'reverse',
      affine: 'shift-then-scale',
    }),
  },
  {
    label: 'image flow 4×4×1, one scale',
    bijection: flowOf({ kind: 'image', height: 4, width: 4, scales: 1, base: 4, blocks: 1 }),
  },
  {
    label: 'image flow 4×4×3, two scales',
    bijection: flowOf({ kind: 'image', height: 4, width: 4, channels: 3, scales: 2, base: 4, blocks: 1 }),
  },
  {
    label: 'image flow 6×2 padded to 8×4, three scales',
    bijection: flowOf({
      kind: 'image',
      height: 6,
      width: 2,
      pad: 1,
      scales: 3,
      base: 3,
      blocks: 0,
      squeeze: 'subpixel-major',
      polarity: 'first-moves',
      affine: 'shift-then-scale',
    }),
  },
  {
    label: 'image flow 4×4×1, no norms, no mask channel',
    bijection: flowOf({
      kind: 'image',
      height: 4,
      width: 4,
      scales: 2,
      base: 4,
      blocks: 1,
      netNorm: false,
      flowNorm: false,
      maskChannel: false,
    }),
  },
];
