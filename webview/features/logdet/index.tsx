/** What the layer adds to log p(x): element by element, over the batch, and along the flow. */
import type { LayerView } from '../../../src/protocol/inspect';
import { isQuantity } from '../../../src/protocol/quantities';
import type { LayerFeature } from '../../base/store/store';
import { layerNumbers, layerTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { layerViewState } from '../../base/store/layer-view';
import { Distribution } from '../../base/charts/distribution';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest, planesOf } from '../../base/canvas/planes';
import { ticks } from '../../../src/base/ticks';
import { fixed, roundUp, signed } from '../../base/format/numbers';
import { useStore } from '../../base/store/use-store';
import { featureName, isSumOfScales, layerTitle } from '../../base/layers/layer-names';
import { DataTable } from '../../base/controls/data-table';
import { BarCells } from '../../base/layers/bar-cells';
import { words } from '../../base/words';
import { PlaneGrid } from '../../base/canvas/plane-grid';
import { Facts } from '../../base/layers/facts';
import { stripState } from '../../base/store/strip-state';
import { Heading } from '../../base/controls/heading';
import { Box, Chart, Line } from '../../base/charts/chart';
import { text } from './text';

export const logdet: LayerFeature = {
  id: 'logdet',
  region: 'layer',
  title: () => text.tab,
  layerView: 'whole',
  ...layerTab((store) => store.state(layerViewState).layerView, LogDetTab, layerNumbers),
};

const size = 116;

function LogDetTab({ model, layer, view }: LayerTabProps<LayerView>) {
  const store = useStore();
  const strip = store.state(stripState).strip.found.value;
  const maps = { model, layer, view };
  const part = view.logDetExample;
  const hasMaps = view.logDetMap !== undefined || view.logDetMapMean !== undefined;
  const tooLarge = view.tensors.find(({ role, data }) => isQuantity(role) && !data);
  const rows = strip ? model.layers.map((l) => strip.rows.find((row) => row.layer === l.index)) : undefined;
  const example = rows?.every((row) => row?.example)
    ? rows.map((row) => row!.example!.coupling + row!.example!.norm)
    : undefined;
  const mean = rows?.map((row) => (row ? row.mean.coupling + row.mean.norm : 0));
  return (
    <>
      <div class="panels">
        {hasMaps ? (
          <>
            <MapBox
              {...maps}
              title={store.example.value ? text.mapThis : text.mapFirst}
              map={view.logDetMap}
              name="logdet"
            />
            <MapBox {...maps} title={text.mapInImage} map={view.logDetInImage} name="logdet-in-image" />
            <MapBox
              {...maps}
              title={text.mapMean(view.logDetBatch.length)}
              map={view.logDetMapMean}
              name="logdet-mean"
            />
          </>
        ) : (
          <div class="box">
            <Heading
              title={text.noMap}
              note={
                layer.preservesVolume
                  ? layer.coupling === undefined
                    ? text.zeroLogDet
                    : text.preservesVolume
                  : tooLarge
                    ? words.valuesNotShown(tooLarge.stats.count)
                    : text.noMapWhy
              }
            />
          </div>
        )}
        <div class="box">
          <Heading title={text.overBatch(view.logDetBatch.length)} note={text.overBatchNote} />
          <Distribution
            height={136}
            values={view.logDetBatch}
            marked={
              part && store.example.value ? { value: part.coupling + part.norm, text: words.this } : undefined
            }
            unit={words.nats}
            label={text.overBatch(view.logDetBatch.length)}
          />
        </div>
        <div class="box">
          <Heading title={text.overDepth} note={text.overDepthNote} />
          {mean ? (
            <DepthCurve
              {...{ example, mean }}
              selected={model.layers.findIndex((l) => l.index === layer.index)}
              name={layerTitle(layer, model)}
            />
          ) : (
            <div class="skeleton" style={{ height: '136px' }} />
          )}
          <p class="tick">
            {example ? `— ${words.thisExample}   ` : ''}- - {words.mean}
          </p>
        </div>
      </div>
      <Facts layer={layer} view={view} />
    </>
  );
}

type MapBoxProps = LayerTabProps<LayerView> & { title: string; map: LayerView['logDetMap']; name: string };

function MapBox({ model, layer, view, title, map, name }: MapBoxProps) {
  if (!map) return null;
  const limit = roundUp(largest(view.logDetMap?.data, view.logDetMapMean?.data));
  const scale = (light: boolean) => signedScale(limit, light);
  // Carried back to the image there are places that the layer does not see; they are NaN.
  const carried = view.logDetInImage === map;
  const note = carried ? words.maskInImageNote : isSumOfScales(layer) ? text.mapNote : text.slopeNote;
  const seen = carried ? map.data.filter((value) => !Number.isNaN(value)) : map.data;
  const total = seen.reduce((a, b) => a + b, 0);
  const channels = map.shape.length === 3 ? map.shape[2]! : 1;
  const planes = planesOf(map, 16);
  const passes = (index: number): boolean =>
    carried ? Number.isNaN(map.data[index]!) : (view.mask?.data[index] ?? 0) > 0.5;
  return (
    <div class="box" data-map={name}>
      <Heading title={title} note={`Σ ${fixed(total, 2)} ${words.nats}; ${note}`} />
      {map.shape.length === 3 ? (
        <PlaneGrid
          {...{ planes, scale, size }}
          label={(c) => `${title}, ${words.channel} ${c}`}
          name={(c) => `${name}[${c}]`}
          hatched={(i, c) => passes(i * channels + c)}
        />
      ) : (
        <DataTable
          class="rows-table"
          rows={[...map.data].slice(0, 64)}
          columns={[
            { cell: (_, i) => featureName(model, i) },
            {
              cells: (value, i) => (
                <BarCells key={i} value={value} limit={limit} passes={passes(i)} textOf={signed} />
              ),
            },
          ]}
        />
      )}
      <div style={{ marginTop: '8px' }}>
        <Legend scale={scale} unit={words.nats} width={size} />
      </div>
    </div>
  );
}

interface DepthCurveProps {
  /** Log-det of each layer in forward order, nats. */
  example: number[] | undefined;
  mean: number[];
  /** Position of the selected layer. */
  selected: number;
  name: string;
}

/** From 0 at x. */
function running(values: readonly number[]): number[] {
  let sum = 0;
  return [0, ...values.map((value) => (sum += value))];
}

/** Running sum of log-dets from x to z. */
function DepthCurve({ example, mean, selected, name }: DepthCurveProps) {
  const [ofExample, average] = [example && running(example), running(mean)];
  const finite = [...(ofExample ?? []), ...average].filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite) || 1];
  return (
    <Chart
      label={`${text.overDepth}: ${signed((ofExample ?? average).at(-1))} ${words.nats}`}
      height={136}
      {...{ left: 44, right: 6, foot: 17 }}
      x={{
        ...{ low: 0, high: mean.length, ticks: () => [0, mean.length] },
        textOf: (place) => (place ? 'z' : 'x'),
        title: name,
      }}
      y={{ low, high, axis: 0, ticks: () => ticks(low, high, 4) }}
    >
      <Box class="band" x={[selected, selected + 1]} />
      <Line class="dashed" ys={average} />
      {ofExample ? <Line ys={ofExample} /> : null}
    </Chart>
  );
}
