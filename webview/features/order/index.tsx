/** Which feature depends on which: what the layer's order allows, what a batch shows, and what each direction costs. */
import { type OrderView, hardlyUsed, isAllowed, linksOf, orderPage } from '../../../src/protocol/order';
import type { LayerInfo } from '../../../src/protocol/model';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { stateOf } from '../../base/store/store';
import { words } from '../../base/words';
import { columnsOf, valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { magnitudeScale, maskColors, type ColorScale, Legend } from '../../base/canvas/color-maps';
import { MatrixView } from '../../base/canvas/matrix-view';
import { largest } from '../../base/canvas/planes';
import { Pager } from '../../base/controls/pager';
import { Choice } from '../../base/controls/segmented';
import { compact, roundUp } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { DataTable } from '../../base/controls/data-table';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import './style.css';
import { signal } from '@preact/signals';

const orderState = stateOf((store) => {
  /** First place that is shown. */
  const from = signal(0);
  store.onLayer(() => (from.value = 0));
  return {
    from,
    /** How the maps are sorted. */
    sorted: signal<'own' | 'features'>('own'),
  };
});

/** One row for each output, one column for each input, both in the layer's order; features by their number. */
function orderNumbers({ features, measured, from }: OrderView): ViewData {
  return {
    columns: [
      ...columnsOf({ place: Array.from(features, (_, i) => from + i), y: features }),
      ...valuesOf(measured, 1, (column) => `x${features[column]}`),
    ],
    arrays: { order: vector(features), measured },
  };
}

export const order = questionTab({
  id: 'order',
  title: () => text.tab,
  applies: (model) => model.layers.some((layer) => layer.order !== undefined),
  missing(layer) {
    if (!layer.order) return { title: text.noOrder, why: text.noOrderWhy };
    return layer.lacksJacobian ? { title: words.notInRecording, why: words.largeJacobian } : undefined;
  },
  method: 'order',
  query: (layer, store) =>
    layer.order && {
      ...{ layer: layer.index, batch: store.batch.value },
      from: store.state(orderState).from.value,
    },
  Tab: OrderTab,
  numbers: orderNumbers,
});

/** Links that a sentence names. */
const named = 3;
/** Features that a row of the table names. */
const listed = 4;
/** Room for the names next to and above the maps, px. */
const labelWidth = 34;

/** The diagonal stands out: what depends on nothing else depends on itself. */
const allowedScale = (): ColorScale => ({
  low: 0,
  high: 1,
  at: (value) => (value > 0.75 ? maskColors.moves : [112, 112, 112]),
});

function OrderTab({ model, layer, view }: LayerTabProps<OrderView>) {
  const store = useStore();
  const { from, sorted } = store.state(orderState);
  const { features, measured } = view;
  const k = features.length;
  const total = layer.order?.length ?? k;
  const positions = Array.from(features, (_, i) => i);
  // Sorted by feature only where all of them are there.
  const whole = k === total;
  const places =
    whole && sorted.value === 'features' ? positions.sort((a, b) => features[a]! - features[b]!) : positions;
  const nameOf = (place: number): string => featureName(model, features[place]!);
  // Beside the maps there is no room for long names; the table says whose number it is.
  const long = positions.some((place) => nameOf(place).length > 4);
  const shortNameOf = (place: number): string =>
    long ? featureName(undefined, features[place]!) : nameOf(place);
  const links = linksOf(view);
  const cellOf = (row: number, column: number): number => places[row]! * k + places[column]!;
  const at = (row: number, column: number): number => measured.data[cellOf(row, column)]!;
  const allows = (row: number, column: number): boolean => isAllowed(view, places[row]!, places[column]!);
  const scale = (): ColorScale => magnitudeScale(roundUp(largest(measured.data)));
  const hardly = new Set(links.hardly);
  const forbidden = new Set(links.forbidden);
  const placeName = (row: number): string => shortNameOf(places[row]!);
  const shared = {
    rows: k,
    columns: k,
    rowName: placeName,
    columnName: placeName,
    hint: words.cellHint,
    labelWidth,
    side: 260,
  };
  const linkText = (cell: number): string => `${nameOf(Math.floor(cell / k))} ← ${nameOf(cell % k)}`;
  const linked = (cells: readonly number[]): string =>
    cells.slice(0, named).map(linkText).join(', ') + (cells.length > named ? ', …' : '');
  return (
    <>
      <Verdict mark={links.forbidden.length > 0 ? 'error' : links.hardly.length > 0 ? 'notice' : 'ok'}>
        {links.forbidden.length > 0
          ? text.breaks(links.forbidden.length, linked(links.forbidden))
          : total === 1
            ? text.oneFeature
            : links.hardly.length > 0
              ? `${text.hardly(links.hardly.length, links.allowed, linked(links.hardly))} ${text.noneBreaks}`
              : `${text.allUsed(links.allowed)} ${text.noneBreaks}`}
      </Verdict>
      <div class="ctl">
        {whole && total > 1 ? (
          <Choice
            label={text.sort}
            of={sorted}
            options={{ own: text.mappedOrder, features: text.byFeature }}
          />
        ) : null}
        <Pager
          offset={view.from}
          size={orderPage}
          total={total}
          things={text.positions}
          label={text.places}
          onChange={(offset) => (from.value = offset)}
        />
      </div>
      <div class="order-maps parts">
        <div class="map">
          <Heading title={text.allowed} note={text.byOrder} />
          <MatrixView
            {...shared}
            name="allowed"
            label={`${text.allowed}, ${text.rows}`}
            at={(row, column) => (row === column ? 1 : 0.5)}
            scale={allowedScale}
            hatched={(row, column) => !allows(row, column)}
            figures={false}
            read={(row, column) =>
              `${linkText(cellOf(row, column))}: ${!allows(row, column) ? text.mayNot : row === column ? text.itself : text.mayRead}`
            }
          />
          <p class="tick">{`${text.rows} ${text.allowedNote}`}</p>
        </div>
        <div class="map">
          <Heading title={text.measured} note={text.meanOf(view.count)} />
          <MatrixView
            {...shared}
            name="measured"
            label={`${text.measured}, ${text.rows}`}
            {...{ at, scale }}
            blank={(row, column) => !allows(row, column) && !forbidden.has(cellOf(row, column))}
            framed={(row, column) => (hardly.has(cellOf(row, column)) ? 'dashed' : undefined)}
            read={(row, column) =>
              `∂y ${nameOf(places[row]!)} / ∂x ${nameOf(places[column]!)}: ${compact(at(row, column))}`
            }
          />
          <Legend scale={scale} width={120} />
          {hardly.size > 0 ? <p class="tick">{text.measuredNote}</p> : null}
        </div>
        <Reads {...{ view, nameOf, long }} />
        <Cost layer={layer} />
      </div>
    </>
  );
}

interface ReadsProps {
  view: OrderView;
  nameOf(place: number): string;
  long: boolean;
}

/** What each feature depends on, over the batch. */
function Reads({ view: { features, measured, from }, nameOf, long }: ReadsProps) {
  const k = features.length;
  const readBy = (row: number): string => {
    const diagonal = measured.data[row * k + row]!;
    const read = Array.from({ length: row }, (_, i) => i)
      .filter((column) => measured.data[row * k + column]! >= hardlyUsed * diagonal)
      .sort((a, b) => measured.data[row * k + b]! - measured.data[row * k + a]!);
    if (read.length === 0) return text.nothing;
    const names = read.slice(0, listed).map(nameOf).join(', ');
    return read.length > listed ? `${names} ${text.more(read.length - listed)}` : names;
  };
  return (
    <DataTable
      frame={{ class: 'scroll-x figures', 'aria-label': text.tab }}
      class="rows-table"
      rows={Array.from(features)}
      tr={(feature) => ({ 'data-feature': feature })}
      columns={[
        { head: words.number, td: 'muted', num: (_, row) => from + row + 1 },
        long && { head: '', td: 'muted', cell: (feature) => featureName(undefined, feature) },
        { head: words.feature, cell: (_, row) => nameOf(row) },
        { head: text.dependsOn, cell: (_, row) => readBy(row) },
        { head: '|∂y/∂x|', num: (_, row) => compact(measured.data[row * k + row]) },
      ]}
    />
  );
}

function Cost({ layer: { networkPasses } }: { layer: LayerInfo }) {
  if (!networkPasses) return null;
  const { forward, inverse } = networkPasses;
  const slow = Math.max(forward, inverse);
  return (
    <div class="cost flex-wrap">
      <Heading title={text.cost} />
      <dl>
        {(
          [
            [text.toLatent, forward],
            [text.toData, inverse],
          ] as const
        ).map(([direction, passes]) => (
          <div key={direction}>
            <dt>{direction}</dt>
            <dd>
              <b>{text.passes(passes)}</b>
              <i aria-hidden="true" style={{ width: `${(60 * passes) / slow}px` }} />
            </dd>
          </div>
        ))}
      </dl>
      {slow > 1 ? <p class="tick">{text.costWhy(slow, inverse > forward)}</p> : null}
    </div>
  );
}
