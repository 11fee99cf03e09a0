/** What is printed at the top of a file that needs it: functions, and what programs for training have from our package. */
export const helpers = {
  conv2d: `def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, **options) -> Tensor:
    """F.conv2d of x [N, H, W, C], channels last, by a weight [h, w, C, K]."""
    y = F.conv2d(x.permute(0, 3, 1, 2), weight.permute(3, 2, 0, 1), bias, **options)
    return y.permute(0, 2, 3, 1)
`,
  weight_norm: `def weight_norm(v: Tensor, g: Tensor) -> Tensor:
    """v [..., K], each of its K parts with the length that g [K] gives."""
    return torch._weight_norm(v, g.view([1] * (v.dim() - 1) + [-1]), v.dim() - 1)
`,
  batch_mean: 'from flowscope.training.collective import batch_mean\n',
  batch_size: 'from flowscope.training.collective import batch_size\n',
  normalize_batch: 'from flowscope.training.collective import normalize_batch\n',
} as const;

export type HelperName = keyof typeof helpers;
