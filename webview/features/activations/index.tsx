/** Input, log scale, shift and output of a layer: every channel, or every feature. */
import type { ModelSummary } from '../../../src/protocol/model';
import { isQuantity } from '../../../src/protocol/quantities';
import type { LayerFeature } from '../../base/store/store';
import { layerNumbers, layerTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { layerViewState, type ShownLayer } from '../../base/store/layer-view';
import { Pager } from '../../base/controls/pager';
import { compact, fixed } from '../../base/format/numbers';
import { useStore } from '../../base/store/use-store';
import { featureName } from '../../base/layers/layer-names';
import { DataTable, type TableColumn } from '../../base/controls/data-table';
import { BarCells } from '../../base/layers/bar-cells';
import { words } from '../../base/words';
import { Facts } from '../../base/layers/facts';
import { text } from './text';
import { activationsState } from './state';
import { featuresAPage } from './windows';
import { ChannelMaps } from './channel-maps';
import { colorRanges } from './color-ranges';
import { mapsStyle, useMapSizes, type MapSizes } from './map-sizes';
import { movedOnly } from './moved';
import { Figures, NonFinite } from './stats';
import { workedElement, type Worked } from './worked';
import './style.css';

export const activations: LayerFeature = {
  id: 'activations',
  region: 'layer',
  title: () => text.tab,
  state: activationsState,
  layerView: 'exampleFirst',
  ...layerTab((store) => store.state(layerViewState).shownLayer, Activations, layerNumbers),
};

function Activations(props: LayerTabProps<ShownLayer>) {
  const { model, layer } = props;
  const store = useStore();
  const view = {
    ...props.view,
    tensors: props.view.tensors.map((tensor) =>
      isQuantity(tensor.role) ? movedOnly(tensor, props.view.mask) : tensor,
    ),
  };
  const image = view.tensors.some((tensor) => tensor.shape.length === 3);
  const worked = workedElement(layer, view, store.marked.value);
  const { within, sizes } = useMapSizes(view.tensors.length, image);
  return (
    <div class="activations" ref={within}>
      {store.example.value ? null : <p class="tick">{words.firstOfBatch}</p>}
      {image ? (
        <ChannelMaps view={view} worked={worked} sizes={sizes} />
      ) : (
        <FeatureRows model={model} view={view} worked={worked} sizes={sizes} />
      )}
      <NonFinite tensors={view.tensors} />
      {worked && view.mask ? <WorkedLine model={model} worked={worked} image={image} /> : null}
      <Facts layer={layer} view={view} />
    </div>
  );
}

interface FeatureRowsProps {
  model: ModelSummary;
  view: ShownLayer;
  worked?: Worked;
  sizes: MapSizes;
}

function FeatureRows({ model, view, worked, sizes }: FeatureRowsProps) {
  const store = useStore();
  const rangeOf = colorRanges(view, store.state(activationsState).mapRange.value);
  const range = (tensor: (typeof view.tensors)[number]): number => rangeOf(tensor).limit;
  const features = Math.max(...view.tensors.map((t) => t.shape[0] ?? 1));
  const pages = Math.ceil(features / featuresAPage);
  const page = Math.min(store.state(activationsState).channelPage.value, pages - 1);
  const offset = page * featuresAPage;
  const rows = Array.from({ length: Math.min(featuresAPage, features - offset) }, (_, i) => offset + i);
  // For a tensor that is too large to be here as a whole, the visible window is used.
  const valueOf = ({ role, data }: (typeof view.tensors)[number], index: number): number | undefined => {
    if (data) return data[index];
    const window = role && store.state(activationsState).windows[role].found.value;
    return window?.values.data[index - window.from[0]!];
  };
  return (
    <>
      <Pager
        offset={offset}
        size={featuresAPage}
        total={features}
        onChange={(next) => (store.state(activationsState).channelPage.value = next / featuresAPage)}
      />
      <DataTable
        frame={{ 'aria-label': text.markedElement }}
        class="rows-table"
        rows={rows}
        choice={{
          isChosen: (index) => worked?.index === index,
          choose: (index) => (store.marked.value = index),
          step:
            worked && ((by) => (store.marked.value = Math.min(features - 1, Math.max(0, worked.index + by)))),
        }}
        columns={[
          { head: words.feature, cell: (index) => featureName(model, index) },
          ...view.tensors.map((tensor): TableColumn<number> => ({
            head: (
              <>
                <b>{tensor.name}</b> {tensor.role && words.roles[tensor.role]}, ±{compact(range(tensor))}
              </>
            ),
            th: { colSpan: 2 },
            cells: (index) => (
              <BarCells
                key={tensor.name}
                value={valueOf(tensor, index)}
                limit={range(tensor)}
                passes={isQuantity(tensor.role) && (view.mask?.data[index] ?? 0) > 0.5}
                textOf={fixed}
              />
            ),
          })),
        ]}
      />
      <div class="maps" style={mapsStyle(sizes)}>
        {view.tensors.map((tensor) => (
          <div class="map" key={tensor.name}>
            <Figures {...{ tensor, sizes }} limit={range(tensor)} />
          </div>
        ))}
      </div>
    </>
  );
}

function WorkedLine({ model, worked, image }: { model: ModelSummary; worked: Worked; image: boolean }) {
  const { place, values, y, passes, formula, beforeNorm } = worked;
  const where = image
    ? `(${place[0]}, ${place[1]}) ${words.channel} ${place[2]}:`
    : `${featureName(model, place[0]!)}:`;
  const value = (number: number | undefined, name: string) => (
    <>
      <b data-value={name}>{fixed(number, 2)}</b> <span class="muted">{name}</span>
    </>
  );
  return (
    <div
      class="worked flex-wrap"
      aria-live="polite"
      title={formula === undefined ? undefined : `y = ${formula}`}
    >
      <span class="muted">{where}</span>
      {passes ? (
        <span>
          {value(values.x, 'x')} <span class="muted">{words.passesUnchanged}</span>
        </span>
      ) : formula === undefined ? (
        <span>
          {Object.entries(values).map(([name, number], i) => (
            <>
              {i > 0 ? ', ' : ''}
              {value(number, name)}
            </>
          ))}
        </span>
      ) : (
        <span>
          {formula.split(' ').map((part) => (
            <>{part in values ? value(values[part], part) : part} </>
          ))}
        </span>
      )}
      {beforeNorm === undefined ? (
        <span class="muted">→</span>
      ) : (
        <span>
          = <b>{fixed(beforeNorm, 2)}</b> <span class="muted">→ {words.norm} →</span>
        </span>
      )}
      <span>{value(y, 'y')}</span>
    </div>
  );
}
