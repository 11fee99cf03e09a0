/** What the layer's network computes on its way, for the example: one place of the network, one page of channels. */
import { featurePage, type FeatureStage, type FeatureView } from '../../../src/protocol/conditioner';
import type { LayerInfo } from '../../../src/protocol/model';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest, planesOf } from '../../base/canvas/planes';
import { compact, roundUp } from '../../base/format/numbers';
import { useStore, useFeature, AnswerView } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { HeatMap } from '../../base/canvas/canvas';
import { Pager } from '../../base/controls/pager';
import { Readout, useCursor } from '../../base/canvas/readout';
import { Heading } from '../../base/controls/heading';
import { networkState } from './state';

const mapSize = 60;
const unitsARow = 16;

export function FeatureMaps({ layer, stages }: { layer: LayerInfo; stages: readonly FeatureStage[] }) {
  const { example } = useStore();
  const network = useFeature(networkState);
  const choice = network.stage.value;
  const shown = choice?.layer === layer.index ? choice.stage : undefined;
  const image = stages[0]!.shape.length === 3;
  return (
    <section class="features" aria-label={text.featureMaps}>
      <Heading title={text.featureMaps} note={text.featureMapsNote} />
      <div class="choices flex-wrap" role="group" aria-label={text.featureMaps}>
        {stages.map(({ name }) => (
          <button
            key={name}
            type="button"
            class="choice"
            title={name}
            aria-pressed={name === shown}
            onClick={() =>
              (network.stage.value =
                name === shown ? undefined : { layer: layer.index, stage: name, offset: 0 })
            }
          >
            {stageName(name, layer.name)}
          </button>
        ))}
      </div>
      {shown ? (
        <AnswerView
          question={network.features}
          skeleton={<div class="skeleton pulse" style={{ height: image ? '180px' : '100px' }} />}
        >
          {(view) => (
            <>
              {example.value ? null : <p class="tick">{words.firstOfBatch}</p>}
              <FeaturePage view={view} />
            </>
          )}
        </AnswerView>
      ) : null}
    </section>
  );
}

/** "block 0" of the last part of its name; networks of their own for s and t keep their names. */
export function stageName(name: string, layer: string): string {
  const path = name.slice(layer.length + 1).split('.');
  const net = path[0] === 'net' ? '' : `${path[0]} `;
  const last = path.at(-1)!;
  if (path.at(-2) === 'blocks') return `${net}${text.stageBlock(Number(last))}`;
  if (last === 'convIn') return `${net}${text.stageInput}`;
  if (last === 'in') return `${net}${text.stageFirst}`;
  return /^\d+$/.test(last) ? `${net}${text.stageLayer(Number(last))}` : path.join('.');
}

function FeaturePage({ view }: { view: FeatureView }) {
  const network = useFeature(networkState);
  const image = view.shape.length === 3;
  const channels = view.shape.at(-1)!;
  const size = image ? featurePage.maps : featurePage.units;
  const things = image ? words.channels : text.units;
  return (
    <>
      <div class="facts-line flex-wrap">
        <span class="tick">
          {image ? text.deadMaps(view.dead, channels) : text.deadUnits(view.dead, channels)}
        </span>
        {channels > size ? null : <span class="tick">{words.partOf(things, 0, channels - 1, channels)}</span>}
        {view.block > 1 ? <span class="tick">{words.meansOf(view.block)}</span> : null}
      </div>
      <Pager
        offset={view.offset}
        size={size}
        total={channels}
        {...{ things, first: 0 }}
        label={text.featureMaps}
        onChange={(offset) => (network.stage.value = { layer: view.layer, stage: view.stage, offset })}
      />
      {image ? <Maps view={view} /> : <Units view={view} />}
    </>
  );
}

function Maps({ view }: { view: FeatureView }) {
  const planes = planesOf(view.values);
  const [height, width] = [planes[0]!.height, planes[0]!.width];
  // One row of all maps: a cell is known by its map and its place.
  const cursor = useCursor({ width: width * planes.length, height });
  const limit = roundUp(largest([view.stats.min, view.stats.max]));
  const scale = (light: boolean) => signedScale(limit, light);
  return (
    <>
      <div class="feature-grid" role="group" tabIndex={0} aria-label={text.pointHint} onKeyDown={cursor.keys}>
        {planes.map((plane, p) => (
          <figure key={p}>
            <HeatMap
              plane={plane}
              scale={scale}
              size={mapSize}
              name={`feature[${view.offset + p}]`}
              label={`${words.channel} ${view.offset + p}`}
              onPoint={(index) =>
                cursor.point(
                  index === undefined
                    ? undefined
                    : Math.floor(index / width) * width * planes.length + p * width + (index % width),
                )
              }
            />
            <figcaption class="tick">{view.offset + p}</figcaption>
          </figure>
        ))}
      </div>
      <Readout of={cursor.at} hint={text.pointHint}>
        {(at) => {
          const row = Math.floor(at / (width * planes.length));
          const along = at % (width * planes.length);
          const p = Math.floor(along / width);
          const column = along % width;
          const value = planes[p]!.values[row * width + column];
          const place = `(${row * view.block}, ${column * view.block})`;
          return `${words.channel} ${view.offset + p} ${place}: ${compact(value)}`;
        }}
      </Readout>
      <Legend scale={scale} width={160} />
    </>
  );
}

function Units({ view }: { view: FeatureView }) {
  const { data } = view.values;
  const width = Math.min(unitsARow, data.length);
  const height = Math.ceil(data.length / width);
  const values = new Float32Array(width * height);
  values.set(data);
  const cursor = useCursor({ width, height }, (i) => i < data.length);
  const limit = roundUp(largest([view.stats.min, view.stats.max]));
  const scale = (light: boolean) => signedScale(limit, light);
  return (
    <>
      <div class="fit" role="group" tabIndex={0} aria-label={text.pointHint} onKeyDown={cursor.keys}>
        <HeatMap
          plane={{ width, height, values }}
          scale={scale}
          size={Math.max(width, height) * 20}
          name="units"
          label={words.partOf(text.units, view.offset, view.offset + data.length - 1, view.shape[0]!)}
          blank={(i) => i >= data.length}
          onPoint={cursor.point}
        />
      </div>
      <Readout of={cursor.at} hint={text.pointHint}>
        {(at) => `${text.unitName} ${view.offset + at}: ${compact(values[at])}`}
      </Readout>
      <Legend scale={scale} width={160} />
    </>
  );
}
