/**
 * From where on something counts as wrong. Chosen so that flows which train well give no finding (the bundled presets,
 * checkpoints of six other libraries), and so that each is reached well before results suffer.
 */
import type { LayerSpec } from '../../../flow/core/spec';
import { solverLimits } from '../../../protocol/field';
import { manyOutside } from '../../../protocol/spline';

/** |tanh u| of a saturated scale: the slope, 1 − tanh², has fallen below 4%, so s hardly learns there any more. */
const saturatedTanh = 0.98;
const saturatedSlope = 1 - saturatedTanh ** 2;

/**
 * |u| above which the scale map is as flat as tanh at 0.98; undefined for maps without two flat ends. A sigmoid is flat
 * where it leaves values as they are, which is not a fault.
 */
export function saturationLimit(layer: LayerSpec | undefined): number | undefined {
  const transform = layer && 'transform' in layer ? layer.transform.settings : undefined;
  if (transform?.kind !== 'affine') return undefined;
  switch (transform.scaleMap) {
    case 'tanh-channel':
    case 'tanh-scalar':
    case 'tanh-scalar-shift':
      return Math.atanh(saturatedTanh);
    case 'arctan':
      // Slope 1 / (1 + u²).
      return Math.sqrt(1 / saturatedSlope - 1);
    case 'soft-clip':
      // Slope 1 / (1 + |u| / c)², c = |ln ε|.
      return Math.abs(Math.log(transform.scaleEpsilon)) * (1 / Math.sqrt(saturatedSlope) - 1);
    default:
      return undefined;
  }
}

export const thresholds = {
  /**
   * Share of a coupling's moving elements, over the batch, that are saturated. A coupling that parts the plane in two
   * lives at both bounds without harm (half of the elements in good flows of two moons); where three quarters do, s can
   * no longer tell inputs apart.
   */
  saturation: { tanh: saturatedTanh, notice: 0.75, warning: 0.95 },

  /**
   * |s| in nats. At 8 a value is scaled by 3,000 and float32 keeps 4 of 7 digits on the way back; above 16.6 = 24 ln 2
   * none is left; exp overflows at 88.7.
   */
  scaleSize: { notice: 8, warning: 12, error: 16.6, overflow: 88.7 },

  /**
   * Share of a feature's values outside of its spline's interval, where the map is a line. A few in a hundred are tails; of
   * a standard normal a third lies outside of ±1 (the default of nflows), 0.3% outside of ±3.
   */
  outsideSpline: { notice: manyOutside, warning: 0.25 },

  /**
   * How much s (nats) and t (as a share of the range of the layer's input) of any element change over the batch. Below a
   * thousandth the layer treats all examples alike: its network might as well not be there.
   */
  deadConditioner: { change: 1e-3 },

  /**
   * Share of a coupling's hidden ReLU units that no example of the batch activates. A quarter is common after training;
   * when most are gone, width is paid for and not used.
   */
  deadUnits: { notice: 0.6, warning: 0.9 },

  /**
   * Batch norm: difference of means in running standard deviations, and |ln| of the ratio of standard deviations. By
   * chance a batch of n differs by about 1/√n; four of these come on top of the threshold.
   */
  normStatistics: { notice: 0.75, warning: 2, chance: 4 },

  /**
   * Objective of the same examples by the batch's own statistics and by running ones, bits/dim or nats per dimension. A
   * tenth of a bit is what a change of architecture gains.
   */
  modes: { notice: 0.1, warning: 0.5 },

  /**
   * Latents by scale: distance of standard deviation from 1 (as |ln|), excess kurtosis, and the largest distance of the
   * distribution functions (Kolmogorov–Smirnov). What a batch of its size shows by chance (α = .001) comes on top. The
   * thresholds are sizes of effect: for many values any flow differs significantly from the prior.
   */
  latents: {
    notice: { deviation: 0.2, kurtosis: 3, distance: 0.08 },
    warning: { deviation: 0.5, kurtosis: 20, distance: 0.2 },
    alpha: 0.001,
  },

  /**
   * Largest |x̂ − x| after the way to z and back, as a share of the range of x. At 1e-3 a vector keeps three digits; of a
   * picture of 256 levels a quarter of a level, so every pixel comes back.
   */
  inverse: { notice: 1e-4, warning: 1e-3, error: 1e-1 },

  solver: solverLimits,

  /**
   * Mean validation minus mean training objective, bits/dim or nats per dimension; less than three standard errors counts
   * as chance. On a few thousand examples some of it cannot be had without (the bundled digits at their best: 0.16).
   */
  overfitting: { notice: 0.25, warning: 0.6, errors: 3 },
} as const;
