/** A vector field as a layer of a vector flow: a flow in continuous time, cut into slices. */
import * as v from 'valibot';
import { ofFeatures } from './bases';
import {
  activation,
  choice,
  countTo,
  finite,
  flag,
  kind,
  layerWidth,
  optional,
  positive,
  slope,
  widths,
} from './fields';
import { problem, type Problem } from './problem';

/** Features of a flow with a field: its log-det takes one derivative for each. */
export const mostFieldFeatures = 64;

/** Runs of the network in a graph that solves it once. */
export const mostRuns = 2000;

/** How often each solver runs the network in one step. */
export const runsOfStep = { rk4: 4, heun: 2, midpoint: 2, euler: 1 } as const;

const fieldNet = v.variant('kind', [
  kind('mlp', 'A plain MLP of x, the context and the time.', {
    hidden: optional('Widths of its hidden layers; none makes the field linear in x.', widths, () => [
      64, 64,
    ]),
    activation: optional('Its nonlinearity.', activation, 'silu'),
    slope,
  }),
  kind(
    'sbi',
    'The network of sbi’s FMPE: x and the context are merged, and each layer adds the time. It sees x standardized by the mean and ' +
      'deviation of each time, and gives a standardized velocity. Data are at t = 0, noise at t = 1.',
    {
      width: optional('Width of all of its layers.', layerWidth, 100),
      layers: optional('Layers behind the merged one.', countTo(64), 5),
      activation: optional('Its nonlinearity.', activation, 'gelu'),
      slope,
      skips: flag('Whether each layer adds what it takes.', true),
      norm: flag('Whether each layer ends with a layer normalization.', true),
      mean: optional('Means of the data: one number, or one for each feature.', ofFeatures(finite), 0),
      std: optional('Deviations of the data: one number, or one for each feature.', ofFeatures(positive), 1),
      baseline: flag(
        'Whether it gives what comes on top of the velocity of normal data with this mean and deviation.',
      ),
    },
  ),
]);

export const fieldLayer = kind(
  'field',
  'A vector field dx/dt = v(x, t, context), solved from data to noise (CNF of zuko, FMPE of sbi).',
  {
    data: optional('The time at which x is data.', finite, 0),
    noise: optional('The time at which x is noise.', finite, 1),
    slices: optional('Parts of the time, equal in length; each is a layer.', countTo(100), 10),
    solver: choice(
      'How each step is taken: by Runge and Kutta’s method of order 4 (rk4), 2 (heun, midpoint) or 1 (euler).',
      ['rk4', 'heun', 'midpoint', 'euler'],
    ),
    steps: optional('Steps of the solver in each slice.', countTo(1000), 4),
    frequencies: optional(
      'The network sees cos(f·t) of each frequency, then sin(f·t); without any, it sees t.',
      v.pipe(v.array(finite), v.maxLength(1024)),
      () => [],
    ),
    net: optional('The network, which all slices share.', fieldNet, () => ({
      kind: 'mlp' as const,
      ...{ hidden: [64, 64], activation: 'silu' as const, slope: 0.01 },
    })),
  },
);

export type FieldLayer = v.InferOutput<typeof fieldLayer>;
/** The settings of one kind of network. */
export type FieldNetConfig<Kind extends FieldLayer['net']['kind']> = Extract<
  FieldLayer['net'],
  { kind: Kind }
>;

/** How often all slices run the network. */
export const runsOf = ({ slices, steps, solver }: Pick<FieldLayer, 'slices' | 'steps' | 'solver'>): number =>
  slices * steps * runsOfStep[solver];

export const isField = (layer: { kind: string }): layer is FieldLayer => layer.kind === 'field';

/** Whether log p of a flow is only as exact as a solver. */
export const isSolved = (model: {
  kind: string;
  layers?: readonly { kind: string }[] | undefined;
}): boolean => model.layers?.some(isField) ?? false;

/** Layers whose fields are solved in so many times as many steps. */
export const solvedIn = <L extends { kind: string }>(layers: readonly L[], times: number): L[] =>
  layers.map((layer) => (isField(layer) ? { ...layer, steps: times * layer.steps } : layer));

/** @param dim features of the flow */
export function checkField(layer: FieldLayer, dim: number, path: string): Problem[] {
  if (dim > mostFieldFeatures)
    return problem(
      path,
      `expected at most ${mostFieldFeatures} features with a vector field, whose log-det takes one derivative of the network for each, got ${dim}`,
    );
  if (layer.data === layer.noise)
    return problem(
      `${path}.noise`,
      `expected another time than that of the data, got ${layer.noise} for both`,
    );
  if (layer.net.kind === 'sbi' && !(0 <= layer.data && layer.data < layer.noise && layer.noise <= 1))
    return problem(
      `${path}.net.kind`,
      `expected another network, or times from 0 for the data to 1 for the noise, which this one is made for, got ${layer.data} and ${layer.noise}`,
    );
  const runs = runsOf(layer);
  if (runs > mostRuns)
    return problem(
      `${path}.steps`,
      `expected at most ${mostRuns} runs of the network in all slices, got ${runs}; take fewer steps or slices`,
    );
  return [];
}
