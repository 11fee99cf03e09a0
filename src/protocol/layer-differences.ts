/** What two flows make of the same examples, layer by layer. */

/** Examples that two flows are compared on, layer by layer, and what counts as no difference. */
export const layerComparison = { examples: 64, tolerance: 1e-4 } as const;

export interface LayerDifferencesQuery {
  /** Id of A, which the model that is asked is compared with. */
  first: string;
  count: number;
}

export interface LayerDifference {
  /** Indices of the layers in the two flows. */
  a: number;
  b: number;
  /** Largest |y_A − y_B| / (1 + |y_A|) over examples and elements; NaN where one of them is not finite alone. */
  output: number;
  /** Largest |log-det_A − log-det_B| in nats, over examples. */
  logDet: number;
}

export interface LayerDifferences {
  examples: number;
  layers: LayerDifference[];
}

/** Index in `layers` of the first that differs by more than the tolerance. */
export function firstBeyond(layers: readonly LayerDifference[], tolerance: number): number | undefined {
  // NaN is beyond any.
  const first = layers.findIndex(({ output, logDet }) => !(output <= tolerance && logDet <= tolerance));
  return first < 0 ? undefined : first;
}
