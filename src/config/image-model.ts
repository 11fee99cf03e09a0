/** The model section of the config for images. */
import * as v from 'valibot';
import { imageLayer, mostChannels } from './image-layers';
import { conventionFields, flowNorm, polarity } from './convention-fields';
import {
  described,
  fraction,
  kind,
  layerWidth,
  nonNegativeInteger,
  optional,
  positive,
  positiveInteger,
} from './fields';
import { mostLayers } from './vector-model';

/** Scales of an image flow. */
export const mostScales = 8;
/** Residual blocks of a conditioner. */
export const mostBlocks = 64;

export const imageModelSchema = kind('image', 'Images of discrete pixels.', {
  height: described('Pixels, before padding.', v.pipe(positiveInteger, v.maxValue(1024))),
  width: described('Pixels, before padding.', v.pipe(positiveInteger, v.maxValue(1024))),
  channels: optional('1 for gray, 3 for color.', v.pipe(positiveInteger, v.maxValue(mostChannels)), 1),
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
  architecture: optional(
    'realnvp: couplings in checkerboards and by channels, residual networks (paper); glow: at each scale a squeeze and `steps` of ' +
      'act norm, 1×1 convolution and coupling by channels, convolutional networks (Kingma and Dhariwal 2018).',
    v.picklist(['realnvp', 'glow']),
    'realnvp',
  ),
  scales: optional(
    'Scales of the multi-scale architecture.',
    v.pipe(positiveInteger, v.maxValue(mostScales)),
    2,
  ),
  base: optional(
    'Feature maps of the conditioners in the first checkerboard couplings; channels of Glow’s networks.',
    layerWidth,
    32,
  ),
  steps: optional('Steps of each scale of Glow.', v.pipe(positiveInteger, v.maxValue(64)), 8),
  priors: optional(
    'Of Glow: what goes on predicts mean and deviation of what leaves at each scale (learned), or all latents are standard normal.',
    v.picklist(['learned', 'standard']),
    'learned',
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
      height: described('Pixels.', v.pipe(positiveInteger, v.maxValue(1024))),
      width: described('Pixels.', v.pipe(positiveInteger, v.maxValue(1024))),
      channels: described('Numbers of each pixel.', v.pipe(positiveInteger, v.maxValue(mostChannels))),
    }),
  ),
  latents: optional(
    'How `flowscope apply` gives and takes z of a chain: each latent at its place in the image, standard normal (in-place); or as ' +
      'libraries do, before the learned priors, channels first, one scale after the other; or only those that leave last, where ' +
      'the log-det counts the density of the others and the way back takes their means (last).',
    v.picklist(['in-place', 'first-out-first', 'last-out-first', 'last']),
    'in-place',
  ),
  widthGrowth: optional(
    'Whether feature maps double at each scale.',
    v.picklist(['double', 'constant']),
    'double',
  ),
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
    v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    0.9,
  ),
  dataConstraint: optional(
    'What is taken the logit of; symmetric: ½ + dataRange·(x/L − ½) (authors’ released code); as-printed: α + (1 − α)·x/L (paper, ' +
      'section 4.1), which brings the brightest pixels close to 1. Without a logit: centered is x/L − ½ (Glow), unit is x/L.',
    v.picklist(['symmetric', 'as-printed', 'centered', 'unit']),
    'symmetric',
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
  maskChannel: optional('Give the mask to checkerboard conditioners as another channel.', v.boolean(), true),
  inputDoubling: optional(
    'Double the input of checkerboard conditioners, half of which is zeros.',
    v.boolean(),
    true,
  ),
  netNorm: optional('Batch normalization inside the conditioners.', v.boolean(), true),
  netNormGain: optional(
    'What batch normalization inside the conditioners learns.',
    v.picklist(['gain-and-bias', 'bias']),
    'gain-and-bias',
  ),
  netNormEpsilon: optional(
    'Added to the variance by batch normalization inside the conditioners.',
    positive,
    1e-5,
  ),
  lengths: optional(
    'Weight normalization: a learned gain for all convolutions, or none for the first one and the first of each ' +
      'block (authors’ released code).',
    v.picklist(['all', 'some']),
    'all',
  ),
  normDecay: optional(
    'Share of the new batch in the running statistics of batch normalization.',
    fraction,
    0.1,
  ),
  squeeze: optional(
    'Channel order of the 2×2 squeeze before channel-wise couplings.',
    v.picklist(['channel-major', 'subpixel-major']),
    'channel-major',
  ),
  factorOut: optional(
    'Which half continues to the next scale: the sub-pixels (0,0) and (1,1) (authors’ released code), or the first half ' +
      'of the squeezed channels (Glow).',
    v.picklist(['diagonal', 'halves']),
    'diagonal',
  ),
  ...conventionFields,
  flowNorm: v.optional(flowNorm, true),
});
