/** What the layer adds to log p(x): element by element, over the batch, and along the flow. */
import type { LayerView } from '../../src/protocol/inspect';
import type { LayerInfo, ModelSummary } from '../../src/protocol/model';
import { isQuantity } from '../../src/protocol/quantities';
import type { NdArray } from '../../src/protocol/tensors';
import { DepthCurve } from '../charts/depth-curve';
import { Distribution } from '../charts/distribution';
import { Sized } from '../charts/sized';
import { signedScale } from '../draw/colour-maps';
import { largest, planesOf } from '../draw/planes';
import { fixed, roundUp, signed } from '../format/numbers';
import { ready } from '../state/question';
import { useStore } from '../state/use-store';
import { featureName } from '../strip/layer-names';
import { text } from '../strings';
import { HeatMap } from '../views/canvas';
import { Legend } from '../views/legend';
import { PlaneGrid } from '../views/plane-grid';
import { Facts } from './activations';

const size = 116;

export function LogDetTab({
  model,
  layer,
  view,
}: {
  model: ModelSummary;
  layer: LayerInfo;
  view: LayerView;
}) {
  const store = useStore();
  const strip = ready(store.strip.answer.value);
  const limit = roundUp(largest(view.logDetMap?.data, view.logDetMapMean?.data));
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
              model={model}
              title={store.example.value ? text.layer.mapThis : text.layer.mapFirst}
              map={view.logDetMap}
              view={view}
              limit={limit}
              name="logdet"
            />
            <MapBox
              model={model}
              title={text.layer.mapInImage}
              map={view.logDetInImage}
              view={view}
              limit={limit}
              name="logdet-in-image"
            />
            <MapBox
              model={model}
              title={text.layer.mapMean(view.logDetBatch.length)}
              map={view.logDetMapMean}
              view={view}
              limit={limit}
              name="logdet-mean"
            />
          </>
        ) : (
          <div class="box">
            <h3>
              <b>{text.layer.noMap}</b>
              <span class="tick">
                {layer.preservesVolume
                  ? layer.coupling === undefined
                    ? text.layer.zeroLogDet
                    : text.layer.preservesVolume
                  : tooLarge
                    ? text.layer.valuesNotShown(tooLarge.stats.count)
                    : text.layer.noMapWhy}
              </span>
            </h3>
          </div>
        )}
        <div class="box">
          <h3>
            <b>{text.layer.overBatch(view.logDetBatch.length)}</b>
            <span class="tick">{text.layer.overBatchNote}</span>
          </h3>
          <Sized height={136}>
            {(width, height) => (
              <Distribution
                width={width}
                height={height}
                values={view.logDetBatch}
                marked={
                  part && store.example.value
                    ? { value: part.coupling + part.norm, text: text.diagnostics.this }
                    : undefined
                }
                unit={text.strip.nats}
                label={text.layer.overBatch(view.logDetBatch.length)}
                nothing={text.diagnostics.noValues}
              />
            )}
          </Sized>
        </div>
        <div class="box">
          <h3>
            <b>{text.layer.overDepth}</b>
            <span class="tick">{text.layer.overDepthNote}</span>
          </h3>
          {mean ? (
            <Sized height={136}>
              {(width, height) => (
                <DepthCurve
                  width={width}
                  height={height}
                  example={example}
                  mean={mean}
                  selected={model.layers.findIndex((l) => l.index === layer.index)}
                />
              )}
            </Sized>
          ) : (
            <div class="skeleton" style={{ height: '136px' }} />
          )}
          <p class="tick">
            {example ? `— ${text.layer.legendThis}   ` : ''}- - {text.layer.legendMean}
          </p>
        </div>
      </div>
      <Facts layer={layer} view={view} />
    </>
  );
}

interface MapBoxProps {
  model: ModelSummary;
  title: string;
  map?: NdArray<Float32Array>;
  view: LayerView;
  limit: number;
  name: string;
}

function MapBox({ model, title, map, view, limit, name }: MapBoxProps) {
  if (!map) return null;
  const scale = (light: boolean) => signedScale(limit, light);
  // Carried back to the image there are places that the layer does not see; they are NaN.
  const carried = view.logDetInImage === map;
  const seen = carried ? map.data.filter((value) => !Number.isNaN(value)) : map.data;
  const total = seen.reduce((a, b) => a + b, 0);
  const channels = map.shape.length === 3 ? map.shape[2]! : 1;
  const planes = planesOf(map, 16);
  const passes = (index: number): boolean =>
    carried ? Number.isNaN(map.data[index]!) : (view.mask?.data[index] ?? 0) > 0.5;
  return (
    <div class="box" data-map={name}>
      <h3>
        <b>{title}</b>
        <span class="tick">{`Σ ${fixed(total, 2)} ${text.strip.nats}; ${carried ? text.layer.maskInImageNote : text.layer.mapNote}`}</span>
      </h3>
      {map.shape.length === 3 ? (
        <PlaneGrid planes={planes} size={size}>
          {(plane, c, each) => (
            <HeatMap
              key={c}
              plane={plane}
              scale={scale}
              size={each}
              label={`${title}, ${text.layer.channel} ${c}`}
              name={`${name}[${c}]`}
              hatched={(i) => passes(i * channels + c)}
            />
          )}
        </PlaneGrid>
      ) : (
        <table class="rows-table">
          <tbody>
            {[...map.data].slice(0, 64).map((value, i) => (
              <tr key={i}>
                <td>{featureName(model, i)}</td>
                {passes(i) ? (
                  <td colSpan={2} class="hatched-cell" aria-label={text.layer.passesUnchanged}>
                    {' '}
                  </td>
                ) : (
                  <>
                    <td>
                      <span class="cell-bar">
                        <i
                          style={{
                            left: `${value < 0 ? 50 - Math.min(50, (-value / limit) * 50) : 50}%`,
                            width: `${Math.min(50, (Math.abs(value) / limit) * 50)}%`,
                            background: value < 0 ? 'var(--neg)' : 'var(--pos)',
                          }}
                        />
                      </span>
                    </td>
                    <td class="num">{signed(value, 3)}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div style={{ marginTop: '8px' }}>
        <Legend scale={scale} unit={text.strip.nats} width={size} />
      </div>
    </div>
  );
}
