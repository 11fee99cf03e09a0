/** The element-wise maps that a layer can apply, by what each takes from the conditioner for one element. */
export const transformParameters = {
  affine: ['scale', 'shift'],
  additive: ['shift'],
  rationalQuadratic: ['widths', 'heights', 'derivatives'],
} as const satisfies Record<string, readonly TransformParameter[]>;

/** Also the name of a network that gives it alone: "scaleNet". */
export type TransformParameter = 'scale' | 'shift' | 'interval' | 'widths' | 'heights' | 'derivatives';

export type TransformName = keyof typeof transformParameters;

/** What a model's transform takes that has a name; one with settings of its own, an object, takes what these say. */
export const parametersOf = (transform: TransformName | object): readonly TransformParameter[] =>
  typeof transform === 'string' ? transformParameters[transform] : [];

export const transformNames = Object.keys(transformParameters) as [TransformName, ...TransformName[]];
