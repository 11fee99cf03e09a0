/** An image flow written out: the layers of a chain from data to latent, for flows that `scales` and `blocks` cannot say. */
import * as v from 'valibot';
import { nets, scaleMap } from './convention-fields';
import {
  activation,
  choice,
  described,
  flag,
  kind,
  layerWidth,
  nonNegativeInteger,
  optional,
  positive,
  slope,
} from './fields';

/** Channels of an image, or of its result after a squeeze. */
export const mostChannels = 4096;

/** Channels of a 1×1 convolution without factors: each is a step of its inversion. */
export const mostFullChannels = 192;

const bit = v.picklist([0, 1]);

/** Kernels are square, with the pixel in the middle. */
const kernel = v.picklist([1, 3, 5, 7]);

/** How much faster the output of a scaled convolution grows than its `logs`. */
export const logsFactor = 3;

const scaled = flag('The last convolution is multiplied by e^(3·logs) with learned logs (Glow).');

const padding = choice('What the last convolution sees beyond the edge of the image (ones: rosinality).', [
  'zeros',
  'ones',
]);

/** Conditioners of couplings by channels. */
export const imageNet = v.variant('kind', [
  kind('convolutions', 'Convolutions one after the other (Glow).', {
    kernels: described(
      'Size of the kernel of each convolution.',
      v.pipe(v.array(kernel), v.minLength(1), v.maxLength(16)),
    ),
    widths: described(
      'Channels after each convolution but the last.',
      v.pipe(v.array(layerWidth), v.maxLength(15)),
    ),
    activation: optional('Between convolutions.', activation, 'relu'),
    slope,
    padding,
    scaled,
  }),
  kind('residual', 'A 1×1 convolution, blocks of two 3×3 ones, a 1×1 convolution (nflows).', {
    width: described('Channels of the blocks.', layerWidth),
    blocks: described('Residual blocks.', v.pipe(nonNegativeInteger, v.maxValue(64))),
    activation: optional('Before each convolution of a block.', activation, 'relu'),
    slope,
    batchNorm: flag('Batch normalization inside the blocks.'),
  }),
]);

export const imageLayer = v.variant('kind', [
  kind('squeeze', '2×2 pixels become one with four times the channels.', {
    order: choice(
      'Order of the channels: the four pixels of one channel together (channel-major), or all channels of one pixel, pixels as ' +
        'in the authors’ released code of RealNVP (subpixel-major) or row by row (row-major, i-RevNet).',
      ['channel-major', 'subpixel-major', 'row-major'],
    ),
  }),
  kind('haar', 'Mean and differences of each four channels in a row, those of a squeeze (Haar wavelets).', {
    rebalance: optional('Factor of all (FrEIA).', positive, 1),
  }),
  kind('flatten', 'An image becomes one pixel with a channel for each value, channel by channel.'),
  kind('actNorm', 'Learned shift and scale of each channel: (x − shift)·e^(−logScale).'),
  kind(
    'conv1x1',
    'Invertible 1×1 convolution, P·L·U with a fixed permutation P and learned triangular factors (Glow).',
    {
      order: described(
        'Entry i is the channel of L·U·x that moves to channel i.',
        v.array(nonNegativeInteger),
      ),
      signs: described(
        'Of the diagonal of U, one for each channel; they are not trained.',
        v.array(v.picklist([1, -1])),
      ),
      bias: flag('Adds a learned bias (nflows).'),
    },
  ),
  kind(
    'fullConv1x1',
    `Invertible 1×1 convolution whose matrix is trained as it is, of at most ${mostFullChannels} channels; it starts orthogonal. ` +
      'Steps take longer than with conv1x1.',
    { bias: flag('Adds a learned bias.') },
  ),
  kind('permute', 'Fixed order of the channels.', {
    order: described('Entry i is the channel that moves to channel i.', v.array(nonNegativeInteger)),
  }),
  kind('coupling', 'A coupling: channels in two parts.', {
    mask: described('One entry per channel: 1 passes through (identity), 0 is transformed.', v.array(bit)),
    net: described('The conditioner.', imageNet),
    nets,
    seesContext: flag('Whether the conditioner sees the context of the model, as channels behind its own.'),
    scaleClamp: optional('Bound of arctan in this coupling; the one of the model if absent.', positive),
    scaleMap: optional('Of this coupling alone; the one of the model if absent.', scaleMap),
    scaleMean: optional(
      'The mean of s that is subtracted from s, so that volumes stay (FrEIA): that over the transformed channels of each pixel, ' +
        'or of the whole image.',
      v.picklist(['pixel', 'image']),
    ),
  }),
  kind('factorOut', 'Half of the channels leave as latents, the others go on.', {
    leaves: optional('The half that leaves.', v.picklist(['first', 'second']), 'second'),
  }),
  kind(
    'prior',
    'A learned normal distribution of what is about to leave: (x − mean)·e^(−log-deviation), which has a standard normal one.',
    {
      given: optional(
        'The half of the channels that goes on; nothing where all leave, at the end of the chain.',
        v.picklist(['first', 'second', 'nothing']),
        'nothing',
      ),
      kernel: optional(
        'A convolution of what goes on predicts mean and log-deviation of what leaves (of zeros where nothing goes on, with ' +
          '`padding` ones); absent, they are learned for each channel.',
        kernel,
      ),
      of: choice(
        'Without a kernel: whether mean and log-deviation are learned for each channel, or for each value.',
        ['channels', 'values'],
      ),
      seesContext: flag(
        'Without a kernel: whether mean and log-deviation also have terms that are linear in the context of the model, which ' +
          'has one pixel. Given a class as one-hot, each class has its own.',
      ),
      padding,
      scaled,
      outputLayout: choice(
        'Whether mean and log-deviation are the two halves of what is predicted, or alternate in it.',
        ['halves', 'interleaved'],
      ),
    },
  ),
]);

export type ImageLayerConfig = v.InferOutput<typeof imageLayer>;
export type ImageLayerInput = v.InferInput<typeof imageLayer>;
export type ImageNetConfig = v.InferOutput<typeof imageNet>;
