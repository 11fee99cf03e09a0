/** The density at a low, a usual and a high value of one condition, in the same colors. */
import type { ConditionDensities } from '../../../src/protocol/conditions';
import type { ModelSummary } from '../../../src/protocol/model';
import { recordedConditions } from '../../../src/protocol/questions';
import { planeAxes } from '../../base/canvas/axes';
import { Board, HeatMap } from '../../base/canvas/canvas';
import { magnitudeScale, type ColourScale } from '../../base/canvas/colour-maps';
import { Legend } from '../../base/canvas/legend';
import { finiteExtent } from '../../base/canvas/planes';
import { drawPoints, toScreen, type PlaneFrame } from '../../base/canvas/points';
import { Sized } from '../../base/charts/sized';
import { Segmented } from '../../base/controls/segmented';
import { Dropdown } from '../../base/controls/toolkit';
import { compact, fixed } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { useFeature, useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { conditionsState } from './state';
import { text } from './text';

/** Conditions that are all seen at once. */
const fewConditions = 4;
/** Other conditions whose values are said. */
const named = 3;
/** Largest side of one, px. */
const largestSide = 220;
/** Nats below the highest density at which the colors of ln p begin. */
const reach = 9;
const shares = ['10 %', '50 %', '90 %'];

export function DensityControls({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { varied, colors, drawn } = useFeature(conditionsState);
  const { names } = model.context!;
  const saved = store.connection.choices !== undefined;
  const options = names.map((name, i) => ({
    value: String(i),
    text: name,
    disabled: saved && i >= recordedConditions,
  }));
  const choice = {
    label: text.vary,
    value: String(varied.value),
    onChange: (value: string) => (varied.value = Number(value)),
  };
  return (
    <div class="ctl">
      <span>{text.vary}</span>
      {names.length <= fewConditions ? (
        <Segmented {...choice} options={options} />
      ) : (
        <Dropdown {...choice} options={options.filter(({ disabled }) => !disabled)} />
      )}
      <span class="spring" />
      <Segmented
        label={text.colors}
        value={colors.value}
        options={[
          { value: 'p', text: 'p' },
          { value: 'ln', text: 'ln p' },
        ]}
        onChange={(value) => (colors.value = value)}
      />
      <Segmented
        label={text.drawn}
        value={drawn.value}
        options={[
          { value: 'density', text: text.density },
          { value: 'samples', text: words.samples },
          { value: 'both', text: text.both },
        ]}
        onChange={(value) => (drawn.value = value)}
      />
    </div>
  );
}

/** ln p from its highest value down; what is lower has the lowest color. */
function logScale(high: number): ColourScale {
  const { at } = magnitudeScale(reach);
  return { low: high - reach, high, at: (value) => at(value - high + reach) };
}

export function Densities({ model, found }: { model: ModelSummary; found: ConditionDensities }) {
  const { colors, drawn } = useFeature(conditionsState);
  const { names } = model.context!;
  const { at, bounds, context, condition } = found;
  const name = names[condition]!;
  const highest = Math.max(...at.map(({ density }) => finiteExtent(density.data)?.high ?? 0)) || 1;
  const logs = colors.value === 'ln';
  const scale = () => (logs ? logScale(Math.log(highest)) : magnitudeScale(highest));
  // A density of 0 is lower than all colors reach, and no failure.
  const valueOf = (p: number): number => (logs ? Math.max(Math.log(p), Math.log(highest) - reach) : p);
  const others = names.flatMap((other, i) => (i === condition ? [] : [`${other} ${compact(context[i])}`]));
  const features: [string, string] = [featureName(model, 0), featureName(model, 1)];
  const axis = (feature: string, [low, high]: [number, number]): string =>
    `${feature} ${compact(low)} … ${compact(high)}`;
  return (
    <>
      <div class="multiples">
        {at.map(({ value, density, samples }, i) => (
          <figure key={i} data-value={value}>
            <h3 class="ends">
              <b>{`${name} = ${compact(value)}`}</b>
              <span class="tick">{shares[i]}</span>
            </h3>
            <Sized height={(width) => Math.min(width, largestSide)}>
              {(width) => {
                const size = Math.min(width, largestSide);
                const frame = { size, ...bounds };
                return (
                  <div class="layered" style={{ width: `${size}px`, height: `${size}px` }}>
                    {drawn.value === 'samples' ? null : (
                      <HeatMap
                        plane={{
                          width: density.shape[1]!,
                          height: density.shape[0]!,
                          values: density.data.map(valueOf),
                        }}
                        scale={scale}
                        size={size}
                        name={`density ${i}`}
                      />
                    )}
                    <Board
                      width={size}
                      height={size}
                      name={`samples ${i}`}
                      label={text.at(name, compact(value))}
                      draw={(board) => {
                        if (drawn.value === 'both') drawDots(board, frame, samples.data);
                        if (drawn.value !== 'samples') return;
                        drawPoints(board, frame, samples, 1.2);
                        planeAxes(board, frame, features);
                      }}
                    />
                  </div>
                );
              }}
            </Sized>
            <figcaption class="tick">
              {text.spread(
                features.map((feature, k) => `${feature} ${fixed(spread(samples.data, k), 2)}`).join(', '),
              )}
            </figcaption>
          </figure>
        ))}
      </div>
      <div class="under">
        {drawn.value === 'samples' ? null : (
          <Legend scale={scale} width={120} {...(logs ? { unit: words.nats } : {})} />
        )}
        <p class="tick">
          {[
            text.quantiles,
            ...(others.length > 0
              ? [text.others(others.slice(0, named).join(', ') + (others.length > named ? ', …' : ''))]
              : []),
            text.dots(at[0]!.samples.shape[0]!),
            text.axes(axis(features[0], bounds.x), axis(features[1], bounds.y)),
          ].join(' ')}
        </p>
      </div>
    </>
  );
}

/** On colors from dark to bright, in every theme: a bright dot with a dark rim. */
function drawDots(context: CanvasRenderingContext2D, frame: PlaneFrame, points: Float32Array): void {
  for (const [radius, color] of [
    [1.9, '#000000b0'],
    [1.1, '#ffffff'],
  ] as const) {
    context.fillStyle = color;
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = toScreen(frame, points[i]!, points[i + 1]!);
      if (!Number.isFinite(x + y)) continue;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

/** Standard deviation of one feature of rows of two. */
function spread(rows: Float32Array, feature: number): number {
  const values = rows.filter((_, i) => i % 2 === feature);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
