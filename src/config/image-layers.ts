/** An image flow written out: the layers of a chain from data to latent, for flows that `scales` and `blocks` cannot say. */
import * as v from 'valibot';
import { scaleMap } from './convention-fields';
import { activation, describe, layerWidth, nonNegativeInteger, positive, slope } from './fields';

/** Channels of an image, or of its result after a squeeze. */
export const mostChannels = 4096;

/** Channels of a 1×1 convolution without factors: each is a step of its inversion. */
export const mostFullChannels = 192;

const bit = v.picklist([0, 1]);

/** Kernels are square, with the pixel in the middle. */
const kernel = v.picklist([1, 3, 5, 7]);

const half = v.picklist(['first', 'second']);

const zeros = v.picklist(['zeros', 'ones']);

/** How much faster the output of a scaled convolution grows than its `logs`. */
export const logsFactor = 3;

const scaled = v.optional(
  v.pipe(v.boolean(), describe('The last convolution is multiplied by e^(3·logs) with learned logs (Glow).')),
  false,
);

const padding = v.optional(
  v.pipe(zeros, describe('What the last convolution sees beyond the edge of the image (ones: rosinality).')),
  'zeros',
);

/** Conditioners of couplings by channels. */
export const imageNet = v.variant('kind', [
  v.strictObject({
    kind: v.pipe(v.literal('convolutions'), describe('Convolutions one after the other (Glow).')),
    kernels: v.pipe(
      v.array(kernel),
      v.minLength(1),
      v.maxLength(16),
      describe('Size of the kernel of each convolution.'),
    ),
    widths: v.pipe(
      v.array(layerWidth),
      v.maxLength(15),
      describe('Channels after each convolution but the last.'),
    ),
    activation: v.optional(v.pipe(activation, describe('Between convolutions.')), 'relu'),
    slope,
    padding,
    scaled,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('residual'),
      describe('A 1×1 convolution, blocks of two 3×3 ones, a 1×1 convolution (nflows).'),
    ),
    width: v.pipe(layerWidth, describe('Channels of the blocks.')),
    blocks: v.pipe(nonNegativeInteger, v.maxValue(64), describe('Residual blocks.')),
    activation: v.optional(v.pipe(activation, describe('Before each convolution of a block.')), 'relu'),
    slope,
    batchNorm: v.optional(v.pipe(v.boolean(), describe('Batch normalization inside the blocks.')), false),
  }),
]);

export const imageLayer = v.variant('kind', [
  v.strictObject({
    kind: v.pipe(v.literal('squeeze'), describe('2×2 pixels become one with four times the channels.')),
    order: v.optional(
      v.pipe(
        v.picklist(['channel-major', 'subpixel-major', 'row-major']),
        describe(
          'Order of the channels: the four pixels of one channel together (channel-major), or all channels of one pixel, pixels as ' +
            'in the authors’ released code of RealNVP (subpixel-major) or row by row (row-major, i-RevNet).',
        ),
      ),
      'channel-major',
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('haar'),
      describe('Mean and differences of each four channels in a row, those of a squeeze (Haar wavelets).'),
    ),
    rebalance: v.optional(v.pipe(positive, describe('Factor of all (FrEIA).')), 1),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('flatten'),
      describe('An image becomes one pixel with a channel for each value, channel by channel.'),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('actNorm'),
      describe('Learned shift and scale of each channel: (x − shift)·e^(−logScale).'),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('conv1x1'),
      describe(
        'Invertible 1×1 convolution, P·L·U with a fixed permutation P and learned triangular factors (Glow).',
      ),
    ),
    order: v.pipe(
      v.array(nonNegativeInteger),
      describe('Entry i is the channel of L·U·x that moves to channel i.'),
    ),
    signs: v.pipe(
      v.array(v.picklist([1, -1])),
      describe('Of the diagonal of U, one for each channel; they are not trained.'),
    ),
    bias: v.optional(v.pipe(v.boolean(), describe('Adds a learned bias (nflows).')), false),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('fullConv1x1'),
      describe(
        `Invertible 1×1 convolution whose matrix is trained as it is, of at most ${mostFullChannels} channels; it starts orthogonal. ` +
          'Steps take longer than with conv1x1.',
      ),
    ),
    bias: v.optional(v.pipe(v.boolean(), describe('Adds a learned bias.')), false),
  }),
  v.strictObject({
    kind: v.pipe(v.literal('permute'), describe('Fixed order of the channels.')),
    order: v.pipe(v.array(nonNegativeInteger), describe('Entry i is the channel that moves to channel i.')),
  }),
  v.strictObject({
    kind: v.pipe(v.literal('coupling'), describe('A coupling: channels in two parts.')),
    mask: v.pipe(
      v.array(bit),
      describe('One entry per channel: 1 passes through (identity), 0 is transformed.'),
    ),
    net: v.pipe(imageNet, describe('The conditioner.')),
    nets: v.optional(
      v.pipe(
        v.picklist(['joint', 'separate']),
        describe('One conditioner for all that the transform takes (s and t), or one for each.'),
      ),
      'joint',
    ),
    seesContext: v.optional(
      v.pipe(
        v.boolean(),
        describe('Whether the conditioner sees the context of the model, as channels behind its own.'),
      ),
      false,
    ),
    scaleClamp: v.optional(
      v.pipe(positive, describe('Bound of arctan in this coupling; the one of the model if absent.')),
    ),
    scaleMap: v.optional(
      v.pipe(scaleMap, describe('Of this coupling alone; the one of the model if absent.')),
    ),
    scaleMean: v.optional(
      v.pipe(
        v.picklist(['pixel', 'image']),
        describe(
          'The mean of s that is subtracted from s, so that volumes stay (FrEIA): that over the transformed channels of each pixel, ' +
            'or of the whole image.',
        ),
      ),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('factorOut'),
      describe('Half of the channels leave as latents, the others go on.'),
    ),
    leaves: v.optional(v.pipe(half, describe('The half that leaves.')), 'second'),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('prior'),
      describe(
        'A learned normal distribution of what is about to leave: (x − mean)·e^(−log-deviation), which has a standard normal one.',
      ),
    ),
    given: v.optional(
      v.pipe(
        v.picklist(['first', 'second', 'nothing']),
        describe('The half of the channels that goes on; nothing where all leave, at the end of the chain.'),
      ),
      'nothing',
    ),
    kernel: v.optional(
      v.pipe(
        kernel,
        describe(
          'A convolution of what goes on predicts mean and log-deviation of what leaves (of zeros where nothing goes on, with ' +
            '`padding` ones); absent, they are learned for each channel.',
        ),
      ),
    ),
    of: v.optional(
      v.pipe(
        v.picklist(['channels', 'values']),
        describe(
          'Without a kernel: whether mean and log-deviation are learned for each channel, or for each value.',
        ),
      ),
      'channels',
    ),
    seesContext: v.optional(
      v.pipe(
        v.boolean(),
        describe(
          'Without a kernel: whether mean and log-deviation also have terms that are linear in the context of the model, which ' +
            'has one pixel. Given a class as one-hot, each class has its own.',
        ),
      ),
      false,
    ),
    padding,
    scaled,
    outputLayout: v.optional(
      v.pipe(
        v.picklist(['halves', 'interleaved']),
        describe(
          'Whether mean and log-deviation are the two halves of what is predicted, or alternate in it.',
        ),
      ),
      'halves',
    ),
  }),
]);

export type ImageLayerConfig = v.InferOutput<typeof imageLayer>;
export type ImageLayerInput = v.InferInput<typeof imageLayer>;
export type ImageNetConfig = v.InferOutput<typeof imageNet>;
