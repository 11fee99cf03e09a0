/** The layers of a recording as the inspector names them. What they do is what their derivatives showed. */
import type { RecordedLayer, Recording } from '../../checkpoint/recording/read';
import { sizeOf } from '../../base/shape';
import { shortened, several } from '../../base/user-error';
import type { LayerMoves } from '../../protocol/layer-moves';
import { defined } from '../../base/defined';
import { timesText, type LayerInfo, type LayerKind, type TimeSlice } from '../../protocol/model';
import { movesIn, movesOf, sizeWords } from '../model/layer-list';
import type { InspectedLayer } from '../model/inspected-flow';

const words = {
  elementwise: 'each value by itself',
  autoregressive: 'each value by those before it',
  permutation: 'values change places',
  dense: 'values depend on all others',
} as const;

export function recordedLayers(recording: Recording): InspectedLayer[] {
  let couplings = 0;
  return recording.layers.map((layer, index) => {
    const { structure } = layer.about;
    const coupling = structure === 'coupling' && layer.passes !== undefined ? couplings++ : undefined;
    return {
      info: infoOf(layer, index, coupling),
      flow: {
        ...(layer.passes && {
          mask: { shape: layer.input.shape.slice(1), data: Float32Array.from(layer.passes) },
        }),
        positions: placesOf(layer, recording),
      },
    };
  });
}

/** A layer of another shape than x has its elements somewhere: where is not recorded, and nothing shows them in the picture. */
function placesOf({ input }: RecordedLayer, { shape }: Recording): Int32Array {
  const size = sizeOf(shape);
  return Int32Array.from({ length: sizeOf(input.shape.slice(1)) }, (_, i) => i % size);
}

function infoOf(layer: RecordedLayer, index: number, coupling: number | undefined): LayerInfo {
  const { about, input, output, passes, jacobian, logDet } = layer;
  const [inputShape, outputShape] = [input.shape.slice(1), output.shape.slice(1)];
  const kind = kindOf(layer);
  const mask = passes && { shape: inputShape, data: Float32Array.from(passes) };
  const moves = mask && movesOf({ kind, mask, inputShape });
  const slice = sliceOf(layer);
  return {
    index,
    name: about.name,
    kind,
    ...(about.type || slice ? { called: slice ? timesText(slice.times) : shortened(about.type!, 60) } : {}),
    ...slice,
    ...(coupling === undefined ? {} : { coupling }),
    scale: 0,
    inputShape,
    outputShape,
    parameterCount: about.parameterCount ?? 0,
    hasNorm: false,
    description: slice ? describeSlice(slice.slice) : describe(layer, moves),
    ...(moves ? { moves } : {}),
    ...(about.order && kind === 'autoregressive' ? { order: about.order } : {}),
    ...(jacobian ? {} : { lacksJacobian: true }),
    ...(logDet.every((value) => value === 0) ? { preservesVolume: true } : {}),
  };
}

function sliceOf({
  about,
  logDetError,
}: RecordedLayer): Required<Pick<LayerInfo, 'times' | 'slice'>> | undefined {
  const { kind, t0, t1, runs, number } = about;
  if (kind !== 'slice' || t0 === undefined || t1 === undefined) return undefined;
  const sizes = logDetError?.map(Math.abs).filter((size) => !Number.isNaN(size));
  const error = sizes?.length ? sizes.reduce((sum, size) => sum + size, 0) / sizes.length : undefined;
  return { times: { from: t0, to: t1 }, slice: { runs: runs ?? 0, ...defined({ number, error }) } };
}

function describeSlice({ runs, error }: TimeSlice): string {
  const off = error === undefined ? '' : `, log-det off by ${Number(error.toPrecision(2))} nats`;
  return `${several(runs, 'run')} of the network${off}`;
}

function kindOf({ about, passes, input }: RecordedLayer): LayerKind {
  switch (about.structure) {
    case 'coupling':
      if (!passes) return 'recorded';
      return input.shape.length === 2 ? 'vector' : 'checkerboard';
    case 'autoregressive':
      return about.order ? 'autoregressive' : 'recorded';
    case 'permutation':
      return 'permute';
    default:
      return 'recorded';
  }
}

function describe({ about, input, output }: RecordedLayer, moves: LayerMoves | undefined): string {
  const [from, to] = [sizeWords(input.shape.slice(1)), sizeWords(output.shape.slice(1))];
  const shapes = from === to ? from : `${from} to ${to}`;
  if (moves) return movesIn(shapes, moves);
  const { structure } = about;
  return structure && structure !== 'coupling' ? `${shapes}, ${words[structure]}` : shapes;
}
