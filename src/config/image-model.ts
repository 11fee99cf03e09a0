/** The model section of the config for images. */
import * as v from 'valibot';
import { imageLayer, mostChannels } from './image-layers';
import { conventionFields, flowNorm, polarity } from './convention-fields';
import { describe, fraction, layerWidth, nonNegativeInteger, positive, positiveInteger } from './fields';
import { mostLayers } from './vector-model';

/** Scales of an image flow. */
export const mostScales = 8;
/** Residual blocks of a conditioner. */
export const mostBlocks = 64;

export const imageModelSchema = v.strictObject({
  kind: v.pipe(v.literal('image'), describe('Images of discrete pixels.')),
  height: v.pipe(positiveInteger, v.maxValue(1024), describe('Pixels, before padding.')),
  width: v.pipe(positiveInteger, v.maxValue(1024), describe('Pixels, before padding.')),
  channels: v.optional(
    v.pipe(positiveInteger, v.maxValue(mostChannels), describe('1 for gray, 3 for color.')),
    1,
  ),
  levels: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(2),
      v.maxValue(65536),
      describe('Discrete values of a pixel: 0 … levels − 1.'),
    ),
    256,
  ),
  pad: v.optional(
    v.pipe(
      nonNegativeInteger,
      v.maxValue(512),
      describe('Pixels of zeros added at each edge, for example 2 for 28 → 32.'),
    ),
    0,
  ),
  architecture: v.optional(
    v.pipe(
      v.picklist(['realnvp', 'glow']),
      describe(
        'realnvp: couplings in checkerboards and by channels, residual networks (paper); glow: at each scale a squeeze and `steps` of ' +
          'act norm, 1×1 convolution and coupling by channels, convolutional networks (Kingma and Dhariwal 2018).',
      ),
    ),
    'realnvp',
  ),
  scales: v.optional(
    v.pipe(positiveInteger, v.maxValue(mostScales), describe('Scales of the multi-scale architecture.')),
    2,
  ),
  base: v.optional(
    v.pipe(
      layerWidth,
      describe(
        'Feature maps of the conditioners in the first checkerboard couplings; channels of Glow’s networks.',
      ),
    ),
    32,
  ),
  steps: v.optional(v.pipe(positiveInteger, v.maxValue(64), describe('Steps of each scale of Glow.')), 8),
  priors: v.optional(
    v.pipe(
      v.picklist(['learned', 'standard']),
      describe(
        'Of Glow: what goes on predicts mean and deviation of what leaves at each scale (learned), or all latents are standard normal.',
      ),
    ),
    'learned',
  ),
  layers: v.optional(
    v.pipe(
      v.array(imageLayer),
      v.minLength(1),
      v.maxLength(mostLayers),
      describe(
        'The whole chain from data to latent, layer by layer. If given, architecture, scales, steps, priors and all settings of RealNVP’s ' +
          'networks, checkerboards and squeezes are not used.',
      ),
    ),
  ),
  context: v.optional(
    v.pipe(
      v.strictObject({
        height: v.pipe(positiveInteger, v.maxValue(1024), describe('Pixels.')),
        width: v.pipe(positiveInteger, v.maxValue(1024), describe('Pixels.')),
        channels: v.pipe(positiveInteger, v.maxValue(mostChannels), describe('Numbers of each pixel.')),
      }),
      describe(
        'Size of an image that comes with each example; those of `layers` that say so see it, and the flow is a density given it. ' +
          'One of 1×1 pixels is a row of numbers, which every pixel sees.',
      ),
    ),
  ),
  latents: v.optional(
    v.pipe(
      v.picklist(['in-place', 'first-out-first', 'last-out-first', 'last']),
      describe(
        'How `flowscope apply` gives and takes z of a chain: each latent at its place in the image, standard normal (in-place); or as ' +
          'libraries do, before the learned priors, channels first, one scale after the other; or only those that leave last, where ' +
          'the log-det counts the density of the others and the way back takes their means (last).',
      ),
    ),
    'in-place',
  ),
  widthGrowth: v.optional(
    v.pipe(v.picklist(['double', 'constant']), describe('Whether feature maps double at each scale.')),
    'double',
  ),
  channelwiseWidth: v.optional(
    v.pipe(
      v.picklist([1, 2]),
      describe('Feature maps of channel-wise couplings, as a multiple of those of their scale.'),
    ),
    2,
  ),
  blocks: v.optional(
    v.pipe(nonNegativeInteger, v.maxValue(mostBlocks), describe('Residual blocks of each conditioner.')),
    2,
  ),
  dataRange: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.ltValue(1),
      describe(
        'Pixels are squeezed to this share of (0, 1) before the logit: the paper’s α is (1 − dataRange) / 2 for a ' +
          'symmetric squeeze, 1 − dataRange for the form as printed.',
      ),
    ),
    0.9,
  ),
  dataConstraint: v.optional(
    v.pipe(
      v.picklist(['symmetric', 'as-printed', 'centered', 'unit']),
      describe(
        'What is taken the logit of; symmetric: ½ + dataRange·(x/L − ½) (authors’ released code); as-printed: α + (1 − α)·x/L (paper, ' +
          'section 4.1), which brings the brightest pixels close to 1. Without a logit: centered is x/L − ½ (Glow), unit is x/L.',
      ),
    ),
    'symmetric',
  ),
  polarity: v.optional(
    v.pipe(
      polarity,
      describe(
        'Whether the first checkerboard coupling passes pixel (0, 0) through (first-conditions) or transforms it (first-moves).',
      ),
    ),
    'first-conditions',
  ),
  channelPolarity: v.optional(
    v.pipe(
      polarity,
      describe(
        'Whether the first half of the channels conditions or moves in the first channel-wise coupling; as polarity ' +
          'when absent.',
      ),
    ),
  ),
  maskChannel: v.optional(
    v.pipe(v.boolean(), describe('Give the mask to checkerboard conditioners as another channel.')),
    true,
  ),
  inputDoubling: v.optional(
    v.pipe(v.boolean(), describe('Double the input of checkerboard conditioners, half of which is zeros.')),
    true,
  ),
  netNorm: v.optional(v.pipe(v.boolean(), describe('Batch normalization inside the conditioners.')), true),
  netNormGain: v.optional(
    v.pipe(
      v.picklist(['gain-and-bias', 'bias']),
      describe('What batch normalization inside the conditioners learns.'),
    ),
    'gain-and-bias',
  ),
  netNormEpsilon: v.optional(
    v.pipe(positive, describe('Added to the variance by batch normalization inside the conditioners.')),
    1e-5,
  ),
  lengths: v.optional(
    v.pipe(
      v.picklist(['all', 'some']),
      describe(
        'Weight normalization: a learned gain for all convolutions, or none for the first one and the first of each ' +
          'block (authors’ released code).',
      ),
    ),
    'all',
  ),
  normDecay: v.optional(
    v.pipe(fraction, describe('Share of the new batch in the running statistics of batch normalization.')),
    0.1,
  ),
  squeeze: v.optional(
    v.pipe(
      v.picklist(['channel-major', 'subpixel-major']),
      describe('Channel order of the 2×2 squeeze before channel-wise couplings.'),
    ),
    'channel-major',
  ),
  factorOut: v.optional(
    v.pipe(
      v.picklist(['diagonal', 'halves']),
      describe(
        'Which half continues to the next scale: the sub-pixels (0,0) and (1,1) (authors’ released code), or the first half ' +
          'of the squeezed channels (Glow).',
      ),
    ),
    'diagonal',
  ),
  ...conventionFields,
  flowNorm: v.optional(flowNorm, true),
});
