/** Texts of two-dimensional flows. */
import { count } from '../../base/format/numbers';

export const plane = {
  dataSpace: 'Data space, x',
  latentSpace: 'Latent space, z',
  afterLayer: (name: string) => `After ${name}`,
  planeNote: (done: number, all: number) =>
    `${done} of ${all} layers applied to the points, ${all - done} undone on the grid`,
  behind: 'Backdrop',
  behindGrid: 'Grid',
  behindDensity: 'Density',
  cellAreaNote: 'log of cell area against the flat cell of z, nats',
  cellsDivided: 'divided',
  dividing: 'Dividing coarse cells…',
  stillFolded: (n: number) => `${count(n)} ${n === 1 ? 'part is' : 'parts are'} too thin to draw.`,
  densityAt: (letter: string) => `p(${letter}) = p(z) · |det ∂z/∂${letter}|, per unit of area of this plane`,
  densityRange: 'Each stage has its own range: its unit of area is another.',
  densityUnknown: (n: number, all: number) =>
    `${count(n)} of ${count(all)} cells are empty: no point of the data was found that leads there.`,
  play: 'Play through the layers',
  pause: 'Pause',
  pace: 'Pace',
  times: (factor: number) => (factor === 0.5 ? '½×' : `${factor}×`),
  planeHint:
    'Arrow keys move the point that is followed, with Shift in larger steps. Page Up and Page Down go through the layers, Space plays, Escape goes back to the selected example.',
  planeHintSaved: 'Page Up and Page Down go through the layers, Space plays.',
  probe: 'Path',
  probeSelected: 'the selected example',
  probePoint: 'a point of the plane',
  probeExample: (source: string, index: number) => `${source} ${index}`,
  probeNone:
    'Click into the plane, or choose an example: its way through the layers is drawn and listed here.',
  probeSaved: 'A saved page has the paths of its examples.',
  pathTable: 'The path, layer by layer',
  pathAfter: 'after',
  pathLogDet: 'log-det',
  pathSum: 'sum',
  pathPrior: 'ln N(z; 0, 1), nats',
  pathTotal: 'ln p(x), nats',
  smallest: 'smallest',
  median: 'median',
  largest: 'largest',
  planeReading: 'Violet cells are squeezed: the same share of z on less area, so higher density.',
  walk: 'Layers applied',
  density: 'Density',
  densityNote: 'p(x)',
  samplesNote: (n: number, t: string, seed: number) => `${count(n)}, temperature ${t}, seed ${seed}`,
};
