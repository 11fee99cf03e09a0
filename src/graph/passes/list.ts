/** The passes, and what each saves. */
export const passes = {
  'written-out norms':
    'nothing in ONNX, which has no kernel for batch norm in training; time in TensorFlow, whose kernel is slow for few channels',
  'recomputed activations': 'memory: rectified batch norms are computed again on the way back, in training',
  'dead code': 'what no output needs',
  simplify:
    'what changes nothing: ones of full size, tiling before broadcasts, reshapes and transposes in a row',
  'constant folding': 'computing what follows from parameters alone, such as weight normalization',
  selections: 'taking values apart and joining them in another order, couplings one after the other',
  'joined parts': 'the same step with each part of a vector, such as running statistics',
  'common subexpressions': 'computing the same twice',
  'affine folding': 'scaling and shifting channels: batch norm goes into the filter and bias before it',
  'composed convolutions':
    'the sum and the skip of the last residual block: 1×1 convolutions join what they follow, with parameters bound',
  checkerboards: 'convolving what a checkerboard mask throws away, in ONNX Runtime',
  'split products': 'copying s and t apart: a product for each, with parameters bound',
  'joined sums': 'a call for the log-det of each coupling over few features',
  'slow functions': 'softplus and ELU one value after the other, as ONNX Runtime has them',
  'tiles of rows':
    'half of the multiplications of convolutions 3×3 of many channels, by minimal filtering of rows in tiles of four',
  'pointwise products': 'slow gradients of convolutions 1×1: they are products of matrices, in TensorFlow',
  'channels first':
    'transposes around each convolution, since ONNX convolves NCHW: one where the layouts meet',
  'blocked channels':
    'slow convolutions where filters are not constant: ONNX Runtime’s own layout for fast ones, through everything between',
  'channel norms': 'reordering memory around norms between convolutions, in ONNX Runtime',
  'weight norms': 'lengths of weights, in PyTorch',
  slices: 'gathering features that lie in regular steps, in PyTorch',
  'few buffers': 'tensors that one node reads or writes, of which a shader of WebGPU binds eight',
  'early gradients':
    'memory: what a gradient needs is let go as soon as it has been computed, in ONNX Runtime',
} as const;

export type PassName = keyof typeof passes;
