/** The model section of the config for images. */
import * as v from 'valibot';
import { imageLayer, mostChannels } from './image-layers';
import { conventionFields, flowNorm, polarity } from './convention-fields';
import {
  choice,
  countTo,
  described,
  flag,
  fraction,
  kind,
  layerWidth,
  nonNegativeInteger,
  optional,
  positive,
  share,
} from './fields';
import { mostLayers } from './vector-model';

/** Scales of an image flow. */
export const mostScales = 8;
/** Residual blocks of a conditioner. */
export const mostBlocks = 64;

export const imageModelSchema = kind('image', 'Images of discrete pixels.', {
  height: described('Pixels, before padding.', countTo(1024)),
  width: described('Pixels, before padding.', countTo(1024)),
  channels: optional('1 for gray, 3 for color.', countTo(mostChannels), 1),
  levels: optional(
    'Discrete values of a pixel: 0 … levels − 1.',
    v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536)),
    256,
  ),
  pad: optional(
    'Pixels of zeros added at each edge, for example 2 for 28 → 32.',
    v.pipe(nonNegativeInteger, v.maxValue(512)),
    0,
  ),
  architecture: choice(
    'realnvp: couplings in checkerboards and by channels, residual networks (paper); glow: at each scale a squeeze and `steps` of ' +
      'act norm, 1×1 convolution and coupling by channels, convolutional networks (Kingma and Dhariwal 2018).',
    ['realnvp', 'glow'],
  ),
  scales: optional('Scales of the multi-scale architecture.', countTo(mostScales), 2),
  base: optional(
    'Feature maps of the conditioners in the first checkerboard couplings; channels of Glow’s networks.',
    layerWidth,
    32,
  ),
  steps: optional('Steps of each scale of Glow.', countTo(64), 8),
  priors: choice(
    'Of Glow: what goes on predicts mean and deviation of what leaves at each scale (learned), or all latents are standard normal.',
    ['learned', 'standard'],
  ),
  layers: optional(
    'The whole chain from data to latent, layer by layer. If given, architecture, scales, steps, priors and all settings of RealNVP’s ' +
      'networks, checkerboards and squeezes are not used.',
    v.pipe(v.array(imageLayer), v.minLength(1), v.maxLength(mostLayers)),
  ),
  context: optional(
    'Size of an image that comes with each example; those of `layers` that say so see it, and the flow is a density given it. ' +
      'One of 1×1 pixels is a row of numbers, which every pixel sees.',
    v.strictObject({
      height: described('Pixels.', countTo(1024)),
      width: described('Pixels.', countTo(1024)),
      channels: described('Numbers of each pixel.', countTo(mostChannels)),
    }),
  ),
  latents: choice(
    'How `flowscope apply` gives and takes z of a chain: each latent at its place in the image, standard normal (in-place); or as ' +
      'libraries do, before the learned priors, channels first, one scale after the other; or only those that leave last, where ' +
      'the log-det counts the density of the others and the way back takes their means (last).',
    ['in-place', 'first-out-first', 'last-out-first', 'last'],
  ),
  widthGrowth: choice('Whether feature maps double at each scale.', ['double', 'constant']),
  channelwiseWidth: optional(
    'Feature maps of channel-wise couplings, as a multiple of those of their scale.',
    v.picklist([1, 2]),
    2,
  ),
  blocks: optional(
    'Residual blocks of each conditioner.',
    v.pipe(nonNegativeInteger, v.maxValue(mostBlocks)),
    2,
  ),
  dataRange: optional(
    'Pixels are squeezed to this share of (0, 1) before the logit: the paper’s α is (1 − dataRange) / 2 for a ' +
      'symmetric squeeze, 1 − dataRange for the form as printed.',
    share,
    0.9,
  ),
  dataConstraint: choice(
    'What is taken the logit of; symmetric: ½ + dataRange·(x/L − ½) (authors’ released code); as-printed: α + (1 − α)·x/L (paper, ' +
      'section 4.1), which brings the brightest pixels close to 1. Without a logit: centered is x/L − ½ (Glow), unit is x/L.',
    ['symmetric', 'as-printed', 'centered', 'unit'],
  ),
  polarity: optional(
    'Whether the first checkerboard coupling passes pixel (0, 0) through (first-conditions) or transforms it (first-moves).',
    polarity,
    'first-conditions',
  ),
  channelPolarity: optional(
    'Whether the first half of the channels conditions or moves in the first channel-wise coupling; as polarity ' +
      'when absent.',
    polarity,
  ),
  maskChannel: flag('Give the mask to checkerboard conditioners as another channel.', true),
  inputDoubling: flag('Double the input of checkerboard conditioners, half of which is zeros.', true),
  netNorm: flag('Batch normalization inside the conditioners.', true),
  netNormGain: choice('What batch normalization inside the conditioners learns.', ['gain-and-bias', 'bias']),
  netNormEpsilon: optional(
    'Added to the variance by batch normalization inside the conditioners.',
    positive,
    1e-5,
  ),
  lengths: choice(
    'Weight normalization: a learned gain for all convolutions, or none for the first one and the first of each ' +
      'block (authors’ released code).',
    ['all', 'some'],
  ),
  normDecay: optional(
    'Share of the new batch in the running statistics of batch normalization.',
    fraction,
    0.1,
  ),
  squeeze: choice('Channel order of the 2×2 squeeze before channel-wise couplings.', [
    'channel-major',
    'subpixel-major',
  ]),
  factorOut: choice(
    'Which half continues to the next scale: the sub-pixels (0,0) and (1,1) (authors’ released code), or the first half ' +
      'of the squeezed channels (Glow).',
    ['diagonal', 'halves'],
  ),
  ...conventionFields,
  flowNorm: v.optional(flowNorm, true),
});
