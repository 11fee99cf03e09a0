/** ∂y/∂x of the layer: triangular structure, diagonal next to the layer's own, determinant next to the claimed log-det. */
import { power } from '../../../src/base/digits';
import { hasJacobian, jacobianQuery } from '../../../src/protocol/questions';
import { type JacobianView, largestJacobianBlock, usualBlock } from '../../../src/protocol/jacobian';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { stateOf } from '../../base/store/store';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { words } from '../../base/words';
import { columnsOf, valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { Choice, Segmented } from '../../base/controls/segmented';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest } from '../../base/canvas/planes';
import { compact, fixed, roundUp, scientific } from '../../base/format/numbers';
import { useStore } from '../../base/store/use-store';
import { featureName } from '../../base/layers/layer-names';
import { DataTable } from '../../base/controls/data-table';
import { MatrixView } from '../../base/canvas/matrix-view';
import { Heading } from '../../base/controls/heading';
import { widest } from '../../base/charts/scale';
import { Pairs } from '../../base/controls/pairs';
import { text } from './text';
import './style.css';
import { signal } from '@preact/signals';

const jacobianState = stateOf(() => ({
  order: signal<'passing' | 'own'>('passing'),
  /** Elements of the block, of layers with more than are shown at once. */
  count: signal(usualBlock),
}));

/** One row for each y, one column for each x; elements by their number in the layer. */
function jacobianNumbers({ elements, matrix, passes, expected }: JacobianView): ViewData {
  return {
    columns: [
      { name: 'y', values: elements },
      ...valuesOf(matrix, 1, (j) => `x${elements[j]}`),
      ...columnsOf({ from_scale: expected, passes }),
    ],
    arrays: {
      jacobian: matrix,
      elements: vector(elements),
      ...(expected ? { from_scale: vector(expected) } : {}),
      ...(passes ? { passes: vector(passes) } : {}),
    },
  };
}

export const jacobian = questionTab({
  id: 'jacobian',
  asks: 'jacobian',
  title: () => text.tab,
  missing(layer) {
    if (layer.lacksJacobian) return { title: words.notInRecording, why: words.largeJacobian };
    return hasJacobian(layer) ? undefined : { title: text.noJacobian, why: text.noJacobianWhy };
  },
  method: 'jacobian',
  query(layer, store) {
    const { count } = store.state(jacobianState);
    // A saved page holds the block around the first element that moves.
    const marked = store.isSaved ? -1 : store.marked.value;
    return hasJacobian(layer) && jacobianQuery(store.selection.value!, layer, marked, count.value);
  },
  Tab: JacobianTab,
  numbers: jacobianNumbers,
  failedTitle: () => text.noJacobianHere,
});

const blockSizes = [8, usualBlock, 16, largestJacobianBlock];

/** Positions in the view's lists, passing elements first or as they are. */
function orderOf({ elements, passes }: JacobianView, order: 'passing' | 'own'): number[] {
  const positions = Array.from(elements, (_, i) => i);
  return order === 'own' || !passes ? positions : positions.sort((a, b) => passes[b]! - passes[a]! || a - b);
}

/** What an element is called: a feature's name, or row, column and channel. */
function elementName(model: ModelSummary, { inputShape }: LayerInfo, element: number): string {
  if (inputShape.length !== 3) return featureName(model, element);
  const [, width = 1, channels = 1] = inputShape;
  const place = `${Math.floor(element / (width * channels))}, ${Math.floor(element / channels) % width}`;
  return channels > 1 ? `(${place}) ${element % channels}` : `(${place})`;
}

function JacobianTab({ model, layer, view }: LayerTabProps<JacobianView>) {
  const store = useStore();
  const { order: jacobianOrder, count: jacobianCount } = store.state(jacobianState);
  const k = view.elements.length;
  const places = orderOf(view, jacobianOrder.value);
  const nameOf = (place: number): string => elementName(model, layer, view.elements[place]!);
  return (
    <>
      <Heading
        title={text.jacobianTitle}
        note={`${view.whole ? text.jacobianWhole : text.jacobianBlock(k)}, ${view.differences ? text.byDifferences : text.byGradients}`}
      />
      <div class="ctl">
        {view.whole || store.isSaved ? null : (
          <Segmented
            label={text.blockSize}
            value={String(jacobianCount.value)}
            options={blockSizes.map((n) => ({ value: String(n), text: String(n) }))}
            onChange={(n) => (jacobianCount.value = Number(n))}
          />
        )}
        {view.passes ? (
          <Choice
            label={text.elementOrder}
            of={jacobianOrder}
            options={{ passing: text.passingFirst, own: text.naturalOrder }}
          />
        ) : null}
      </div>
      <Figures view={view} />
      {view.differences ? (
        <p class="tick" data-differences>
          {text.centralDifferences(
            power(2, Math.round(Math.log2(view.differences.step))),
            scientific(view.differences.error),
          )}
        </p>
      ) : null}
      {store.mode.value === 'train' ? <p class="tick">{text.runningOnly}</p> : null}
      <div class="jacobian parts">
        <Matrix view={view} places={places} nameOf={nameOf} />
        <Diagonal view={view} places={places} nameOf={nameOf} />
      </div>
    </>
  );
}

interface PartProps {
  view: JacobianView;
  places: readonly number[];
  nameOf(place: number): string;
}

function Matrix({ view, places, nameOf }: PartProps) {
  const k = places.length;
  const { data } = view.matrix;
  const at = (row: number, column: number): number => data[places[row]! * k + places[column]!]!;
  const limit = roundUp(largest(data));
  const scale = (light: boolean) => signedScale(limit, light);
  const sorted =
    view.passes && places.every((p, i) => i === 0 || view.passes![places[i - 1]!]! >= view.passes![p]!);
  return (
    <div class="matrix">
      <MatrixView
        rows={k}
        columns={k}
        {...{ at, scale }}
        rowName={(row) => nameOf(places[row]!)}
        labelWidth={Math.min(120, Math.max(56, widest(places.map(nameOf)) + 10))}
        side={512}
        name="jacobian"
        label={`${text.jacobianTitle}, ${text.jacobianRows}`}
        hint={text.jacobianHint}
        read={(row, column) =>
          `∂y ${nameOf(places[row]!)} / ∂x ${nameOf(places[column]!)} = ${compact(at(row, column))}`
        }
        divideAt={sorted ? view.passes?.reduce((n, one) => n + one, 0) : undefined}
      />
      <div class="ctl">
        <Legend scale={scale} width={160} />
        <span class="tick">{text.jacobianRows}</span>
      </div>
      {view.passes ? <p class="tick">{text.triangular}</p> : null}
    </div>
  );
}

function Figures({ view }: { view: JacobianView }) {
  const differences = diagonalDifferences(view);
  const figures: [string, string][] = [[text.determinant, `${fixed(view.logDet, 4)} ${words.nats}`]];
  if (view.claimed !== undefined)
    figures.push([
      view.whole ? text.claimedWhole : text.claimedBlock,
      `${fixed(view.claimed, 4)} ${words.nats}`,
    ]);
  if (differences) figures.push([text.largestDifference, scientific(Math.max(...differences))]);
  return <Pairs class="figures-line flex-wrap labeled" of={figures} />;
}

/** Difference of each diagonal entry from what the layer says, as a share of the latter. */
function diagonalDifferences({ matrix, expected, elements }: JacobianView): number[] | undefined {
  const k = elements.length;
  return expected && Array.from(expected, (value, i) => Math.abs(matrix.data[i * k + i]! - value) / value);
}

function Diagonal({ view, places, nameOf }: PartProps) {
  const k = places.length;
  return (
    <div class="figures">
      <Heading title={text.diagonal} note={view.expected && text.diagonalNote} />
      <DataTable
        rows={places.filter((place) => !view.passes?.[place])}
        tr={(place) => ({ 'data-element': view.elements[place] })}
        columns={[
          { head: text.element, cell: nameOf },
          { head: text.fromJacobian, num: (place) => fixed(view.matrix.data[place * k + place], 4) },
          view.expected && { head: text.fromScale, num: (place) => fixed(view.expected![place], 4) },
        ]}
      />
    </div>
  );
}
