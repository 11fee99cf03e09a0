/** What the flow learned: its samples over the data, feature by feature and in pairs; of pictures, pixel by pixel. */
import {
  allowedDistance,
  sampleLimits,
  type DataAndSamples,
  type FeatureComparison,
} from '../../../src/protocol/data-and-samples';
import type { ModelSummary } from '../../../src/protocol/model';
import { type RegionFeature, type Store, stateOf, ask } from '../../base/store/store';
import { columnsOf, type ViewData } from '../../base/view-data/view-data';
import { Board, HeatMap, Picture } from '../../base/canvas/canvas';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest, tile, planesOf, pixelRange } from '../../base/canvas/planes';
import { drawPoints } from '../../base/canvas/points';
import { cssText } from '../../base/canvas/theme';
import { Histograms } from '../../base/charts/distribution';
import { symmetricLog } from '../../base/charts/scale';
import { findingText } from '../../base/findings/finding-text';
import { ticks } from '../../../src/base/ticks';
import { compact, count, fixed, roundUp, symmetricTicks } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict, VerdictMark } from '../../base/layers/verdict';
import { Sized } from '../../base/size/sized';
import { splitName } from '../../base/split-name';
import { useFeature, AnswerView } from '../../base/store/use-store';
import { words } from '../../base/words';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import './style.css';
import { stripState } from '../../base/store/strip-state';

const dataAndSamplesState = stateOf((store) => {
  const { strip } = store.state(stripState);
  // Not before the strip, which is what a page opens with.
  let isOpened = false;
  return {
    compared: ask(store.context, 'dataAndSamples', () => {
      const { status } = strip.answer.value;
      isOpened ||= status === 'ready' || status === 'failed';
      return isOpened && store.shows('data-and-samples') ? undefined : null;
    }),
  };
});

/** A row for each feature; of images a mean and a deviation of each pixel. */
function numbers(store: Store): ViewData {
  const found = store.state(dataAndSamplesState).compared.found.value;
  if (!found) return {};
  const { features, pixels, points } = found;
  return {
    ...(features.length > 0 && {
      columns: columnsOf({
        feature: features.map(({ name }) => name),
        distance: features.map(({ distance }) => distance),
        below: features.map(({ below }) => below),
        above: features.map(({ above }) => above),
      }),
    }),
    arrays: {
      ...(points ? { data: points.data, samples: points.samples } : {}),
      ...(pixels && {
        data_mean: pixels.data.mean,
        samples_mean: pixels.samples.mean,
        data_deviation: pixels.data.deviation,
        samples_deviation: pixels.samples.deviation,
      }),
    },
  };
}

export const dataAndSamples: RegionFeature = {
  id: 'data-and-samples',
  region: 'gallery',
  asks: 'dataAndSamples',
  title: () => text.tab,
  applies: ({ splits }) => splits.length > 0,
  isFirst: ({ kind, shape }) => kind === 'vector' && shape[0]! > 2,
  state: dataAndSamplesState,
  View: ({ model }) => <DataAndSamplesTab model={model} />,
  numbers,
};

const height = 120;
/** Radius of a dot, px. */
const dot = 1.1;

function DataAndSamplesTab({ model }: { model: ModelSummary }) {
  const { compared } = useFeature(dataAndSamplesState);
  return (
    <AnswerView question={compared} idle={<p class="tick">{words.loading}</p>}>
      {(found) => (found ? <Found model={model} found={found} /> : null)}
    </AnswerView>
  );
}

function Found({ model, found }: { model: ModelSummary; found: DataAndSamples }) {
  const { finding, features, featureCount, energy, pixels } = found;
  const { severity } = finding;
  const mark = severity === 'error' || severity === 'notice' ? severity : 'ok';
  const about = pixels ? text.aboutPictures : text.about;
  const together = energy.distance > energy.allowed ? 'notice' : 'ok';
  // What is off is seen without scrolling.
  const off = (sign: FeatureComparison['sign']) => features.filter((one) => one.sign === sign);
  return (
    <>
      <Verdict mark={mark}>
        {[findingText.sentence(finding, ''), findingText.advice(finding)].filter(Boolean).join(' ')}
      </Verdict>
      <p class="tick">{about(count(found.examples), splitName(model, found.split), count(found.samples))}</p>
      <div class="marginals">
        {[...off('error'), ...off('notice'), ...off('ok')].map((one) => (
          <Marginal key={one.feature} model={model} one={one} band={found.band} />
        ))}
      </div>
      {featureCount > features.length ? (
        <p class="tick">{text.left(featureCount - features.length)}</p>
      ) : null}
      {features.length > 1 ? (
        <p data-sign={together}>
          <VerdictMark mark={together} /> <b>{text.together}</b>{' '}
          <span class="tick">{text.distance(compact(energy.distance), compact(energy.allowed))}</span>
        </p>
      ) : null}
      <Pairs model={model} found={found} />
      {pixels ? <Pixels model={model} pixels={pixels} /> : null}
    </>
  );
}

function Marginal({ model, one, band }: { model: ModelSummary; one: FeatureComparison; band: number }) {
  const { feature, sign, distance, below, above, smallest, largest: most, histogram } = one;
  const { edges, unit } = histogram;
  const name = featureName(model, feature);
  const [low, high] = [edges[0]!, edges.at(-1)!];
  const { notice } = sampleLimits.outside;
  const [end, endText] = below >= above ? [smallest, text.smallest] : [most, text.largest];
  const marked = { value: end, text: endText, valueText: fixed(end, 2) };
  const shown = fixed(distance, 2);
  return (
    <figure data-feature={name} data-sign={sign}>
      <Heading
        class="ends"
        title={
          <>
            <VerdictMark mark={sign} /> {name}
          </>
        }
        hint={name}
        note={text.distance(shown, fixed(allowedDistance(band), 2))}
      />
      <Sized height={height}>
        {(width) => (
          <Histograms
            {...{ width, height }}
            x={{
              ...{ low, high },
              ...(unit === undefined
                ? { ticks: () => ticks(low, high, Math.max(2, Math.floor(width / 60))) }
                : {
                    scale: (...range) => symmetricLog(...range, unit),
                    ticks: () => symmetricTicks(low, high, unit),
                  }),
            }}
            filled={{ edges, counts: histogram.data }}
            line={{ edges, counts: histogram.samples }}
            marked={below + above > notice ? marked : undefined}
            label={text.marginal(name, shown)}
          />
        )}
      </Sized>
    </figure>
  );
}

/** A triangle of planes, each with one feature across and another up. */
function Pairs({ model, found }: { model: ModelSummary; found: DataAndSamples }) {
  if (!found.points) return null;
  const { features, data, samples } = found.points;
  const size = features.length;
  const axes = features.map((feature) => {
    const { edges, unit } = found.features.find((one) => one.feature === feature)!.histogram;
    const place = (value: number): number => (unit === undefined ? value : Math.asinh(value / unit));
    return { name: featureName(model, feature), place, ends: [place(edges[0]!), place(edges.at(-1)!)] };
  });
  const pairOf = ({ shape, data: rows }: typeof data, [x, y]: [number, number]) => ({
    shape: [shape[0]!, 2],
    data: Float32Array.from({ length: 2 * shape[0]! }, (_, i) =>
      [axes[x]!, axes[y]!][i % 2]!.place(rows[(i >> 1) * size + [x, y][i % 2]!]!),
    ),
  });
  const rings = Array<number>(samples.shape[0]!).fill(1);
  return (
    <section class="pairs">
      <Heading
        class="ends"
        title={text.pairs}
        note={[
          text.pairsNote,
          ...(size < found.featureCount ? [text.farthest(size, found.featureCount)] : []),
        ].join('; ')}
      />
      <div class="corner" style={{ '--n': size - 1 }}>
        {axes.slice(1).flatMap((up, row) =>
          axes.slice(0, row + 1).map((across, column) => (
            <div key={`${row} ${column}`} style={{ gridColumn: column + 1, gridRow: row + 1 }}>
              <Sized height={(width) => width}>
                {(width) => (
                  <Board
                    width={width}
                    height={width}
                    name="pair"
                    label={`${text.pairs}: ${across.name}, ${up.name}`}
                    draw={(board) => {
                      const [x, y] = [across.ends, up.ends] as [number, number][];
                      const frame = { size: width, x: x!, y: y! };
                      const at: [number, number] = [column, row + 1];
                      const muted = cssText('--muted');
                      drawPoints(board, frame, pairOf(data, at), dot, undefined, Infinity, muted);
                      drawPoints(board, frame, pairOf(samples, at), 1.5 * dot, rings);
                      board.strokeStyle = cssText('--axis');
                      board.lineWidth = 1;
                      board.strokeRect(0.5, 0.5, width - 1, width - 1);
                    }}
                  />
                )}
              </Sized>
              <p class="tick">{`${up.name} ↑ ${across.name} →`}</p>
            </div>
          )),
        )}
      </div>
    </section>
  );
}

function Pixels({ model, pixels }: { model: ModelSummary; pixels: NonNullable<DataAndSamples['pixels']> }) {
  const { data, samples } = pixels;
  const titles = { mean: text.mean, deviation: text.deviation };
  const deviations: [number, number] = [0, largest(data.deviation.data, samples.deviation.data)];
  return (
    <>
      {(['mean', 'deviation'] as const).map((what) => {
        const range = what === 'mean' ? pixelRange(model) : deviations;
        const difference = {
          shape: data[what].shape,
          data: samples[what].data.map((value, i) => value - data[what].data[i]!),
        };
        const scale = (light: boolean) => signedScale(roundUp(largest(difference.data)), light);
        const pictures = { [text.ofData]: data[what], [text.ofSamples]: samples[what] };
        return (
          <section key={what} class="pixel-moments">
            <Heading title={titles[what]} />
            <div class="moments">
              {Object.entries(pictures).map(([of, picture]) => (
                <figure key={of}>
                  <Picture
                    picture={picture}
                    range={range}
                    name={`${what} ${of}`}
                    label={`${titles[what]}, ${of}`}
                  />
                  <figcaption class="tick">{of}</figcaption>
                </figure>
              ))}
              <figure>
                <Sized height={(width) => width}>
                  {(width) => (
                    <HeatMap
                      plane={tile(planesOf(difference))}
                      scale={scale}
                      size={width}
                      label={`${titles[what]}, ${text.difference}`}
                      name={`${what} difference`}
                    />
                  )}
                </Sized>
                <figcaption class="tick">{text.difference}</figcaption>
                <Legend scale={scale} />
              </figure>
            </div>
          </section>
        );
      })}
    </>
  );
}
