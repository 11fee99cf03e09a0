/**
 * Operators of ONNX Runtime's own on values in blocks of channels, [N, C/b, H, W, b] in memory: its fast convolutions work
 * on these. It brings graphs into this layout itself where filters are constant; in training they are not.
 *
 * In our graphs such a value has five axes. ONNX Runtime calls it [N, C, H, W]; `emit.ts` keeps both views apart.
 */

/** [N, C, H, W], or with `channelsLast` [N, H, W, C], → blocks. */
export const toBlocks = 'ToBlocks';
/** Back. */
export const fromBlocks = 'FromBlocks';
/**
 * Inputs x and filter, then as attributes `bias` and `sum` tell a vector [C] and a value like the result, which are added.
 * x is in blocks or, of fewer channels than a block, [N, C, H, W]; `filterInBlocks` arranges the filter. Attributes
 * strides, dilations, pad, as Conv2D, `kernel`, `channels` of the input that go into one of the output, and `group`.
 */
export const blockedConv = 'BlockedConv2D';
/** Inputs x, scale [C, 1, 1, 1], shift [C] [, sum]: x · scale + shift + sum; with attribute `relu` the positive part of it. */
export const blockedScale = 'BlockedScale';
/** x in blocks → [C], the sum over images and pixels, or with attribute `mean` their mean. */
export const blockedSum = 'BlockedSum';
/**
 * Rows of blocks, [H, C/b, N, W, b], in groups of k, each of which a matrix [r, k] makes r of. Inputs x and matrix, attribute
 * `groups`. What stands for several rows may count as one of more channels, in what comes in and in what goes out.
 */
export const transformRows = 'TransformRows';
