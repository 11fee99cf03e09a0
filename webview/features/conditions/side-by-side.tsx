/** The same latents at several values of one condition: densities and samples on one scale. */
import type { ComponentChildren } from 'preact';
import { classesAtOnce, type AtConditions, type Varied } from '../../../src/protocol/conditions';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane, recordedConditions, variedConditions } from '../../../src/protocol/questions';
import { planeAxes, drawPoints, toScreen } from '../../base/canvas/points';
import { Board, HeatMap } from '../../base/canvas/canvas';
import { magnitudeScale, type ColorScale, Legend } from '../../base/canvas/color-maps';
import { finiteExtent } from '../../base/canvas/planes';
import { Sized } from '../../base/size/sized';
import { Pager } from '../../base/controls/pager';
import { Choice, Segmented } from '../../base/controls/segmented';
import { Dropdown } from '../../base/controls/toolkit';
import { compact, percent, shortened, signed } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useFeature, useStore } from '../../base/store/use-store';
import { FeaturePair } from '../../base/layers/feature-pair';
import { words } from '../../base/words';
import { Ridges } from './ridges';
import { conditionsState } from './state';
import { text } from './text';
import { Heading } from '../../base/controls/heading';

/** Conditions that are all seen at once. */
const fewConditions = 4;
/** Other conditions whose values are shown. */
const named = 3;
/** Largest side of one, px: of three, and of a page of classes. */
const largestSide = 220;
const smallSide = 148;
const fewPanels = 4;
/** Nats below the highest density at which the colors of ln p begin. */
const reach = 9;
export const shares = [0.1, 0.5, 0.9].map((share) => percent(share));

const keyOf = (vary: Varied): string => (vary.kind === 'class' ? 'class' : String(vary.condition));

export function SideBySideControls({ model }: { model: ModelSummary }) {
  const store = useStore();
  const state = useFeature(conditionsState);
  const { varied, colors, drawn, features } = state;
  const { names, classes } = model.context!;
  const all = variedConditions(model.context!);
  const options = all.map((vary, i) => ({
    value: keyOf(vary),
    text: vary.kind === 'class' ? (classes?.name ?? text.class) : names[vary.condition]!,
    disabled: store.isSaved && i >= recordedConditions,
  }));
  const choice = {
    label: text.vary,
    value: varied.value ? keyOf(varied.value) : '',
    onChange: (value: string) => state.vary(all.find((vary) => keyOf(vary) === value)!),
  };
  return (
    <div class="ctl flex-wrap">
      <span>{text.vary}</span>
      {options.length <= fewConditions ? (
        <Segmented {...choice} options={options} />
      ) : (
        <Dropdown {...choice} options={options.filter(({ disabled }) => !disabled)} />
      )}
      <FeaturePair model={model} pair={features} />
      <span class="spring" />
      {isPlane(model) ? (
        <>
          <Choice label={text.colors} of={colors} options={{ p: 'p', ln: 'log p' }} />
          <Choice
            label={text.drawn}
            of={drawn}
            options={{ density: words.density, samples: words.samples, both: text.both }}
          />
        </>
      ) : null}
    </div>
  );
}

/** ln p from its highest value down; what is lower has the lowest color. */
function logScale(high: number): ColorScale {
  const { at } = magnitudeScale(reach);
  return { low: high - reach, high, at: (value) => at(value - high + reach) };
}

/** What varies, and what its values are called. */
export function namesOf(
  { context }: ModelSummary,
  vary: Varied,
): { isClass: boolean; name: string; valueText: (value: number) => string } {
  const { names, classes } = context!;
  return vary.kind === 'class'
    ? {
        isClass: true,
        name: classes?.name ?? text.class,
        valueText: (value) => names[classes!.start + value]!,
      }
    : { isClass: false, name: names[vary.condition]!, valueText: compact };
}

/** Pages of classes. */
export function ClassPager({ model, vary }: { model: ModelSummary; vary: Varied }) {
  const { turnTo } = useFeature(conditionsState);
  if (vary.kind !== 'class') return null;
  const total = model.context!.classes!.count;
  return (
    <Pager
      offset={vary.from}
      size={classesAtOnce}
      total={total}
      things={text.classes}
      label={text.pages}
      onChange={turnTo}
    />
  );
}

export function SideBySide({ model, found }: { model: ModelSummary; found: AtConditions }) {
  const state = useFeature(conditionsState);
  const { at, vary, features, example } = found;
  const bounds = found.bounds!;
  const { isClass, name, valueText } = namesOf(model, vary);
  const highest = Math.max(...at.map(({ density }) => finiteExtent(density?.data ?? [])?.high ?? 0)) || 1;
  const logs = state.colors.value === 'ln';
  const scale = () => (logs ? logScale(Math.log(highest)) : magnitudeScale(highest));
  // A density of 0 is lower than all colors reach, and no failure.
  const valueOf = (p: number): number => (logs ? Math.max(Math.log(p), Math.log(highest) - reach) : p);
  const featureNames = features.map((feature) => featureName(model, feature));
  const dots = at.some(({ density }) => density) ? state.drawn.value : 'samples';
  const most = at.length > fewPanels ? smallSide : largestSide;
  const panel = ({ value, density, samples }: (typeof at)[number], i: number): ComponentChildren => (
    <Sized height={(width) => Math.min(width, most)}>
      {(_, size) => (
        <div class="layered" style={{ width: `${size}px`, height: `${size}px` }}>
          {density && dots !== 'samples' ? (
            <HeatMap
              plane={{
                width: density.shape[1]!,
                height: density.shape[0]!,
                values: density.data.map(valueOf),
              }}
              {...{ scale, size }}
              name={`density ${i}`}
            />
          ) : null}
          <Board
            width={size}
            height={size}
            name={`samples ${i}`}
            label={text.at(name, valueText(value))}
            draw={(board) => {
              const frame = { size, ...bounds };
              if (dots === 'samples') {
                drawPoints(board, frame, samples, 1.2);
                planeAxes(board, frame, [featureNames[0]!, featureNames[1]!]);
              } else if (dots === 'both') {
                // On colors from dark to bright, in every theme: a bright dot with a dark rim.
                drawPoints(board, frame, samples, 1.9, undefined, Infinity, '#000000b0');
                drawPoints(board, frame, samples, 1.1, undefined, Infinity, '#ffffff');
              }
              if (example) drawCross(board, toScreen(frame, example[0]!, example[1]!));
            }}
          />
        </div>
      )}
    </Sized>
  );
  return (
    <>
      <MostLikely {...{ model, found }} />
      {features.length === 2 ? (
        <div class={at.length > fewPanels ? 'multiples flex-wrap small' : 'multiples'}>
          {at.map((one, i) => (
            <figure key={one.value} data-value={one.value}>
              <Heading
                class="ends"
                title={isClass ? valueText(one.value) : `${name} = ${valueText(one.value)}`}
                note={isClass ? '' : shares[i]}
              />
              {panel(one, i)}
              <figcaption class="tick">
                {text.spread(
                  featureNames
                    .map(
                      (feature, k) => `${feature} ${compact(spread(one.samples.data, k, features.length))}`,
                    )
                    .join(', '),
                )}
                {one.logProb === undefined ? null : (
                  <>
                    <br />
                    {text.logProb(signed(one.logProb, 2))}
                  </>
                )}
              </figcaption>
            </figure>
          ))}
        </div>
      ) : null}
      <ClassPager {...{ model, vary }} />
      <div class="under flex-wrap">
        {dots === 'samples' ? null : (
          <Legend scale={scale} width={120} {...(logs ? { unit: words.nats } : {})} />
        )}
        <p class="tick">{whatIsDrawn(model, found)}</p>
      </div>
      <div class="ridges panels">
        {features.map((feature, k) => (
          <Ridges
            key={feature}
            name={featureNames[k]!}
            bounds={k === 0 ? bounds.x : bounds.y}
            marked={example?.[k]}
            rows={at.map(({ value, samples }) => ({
              name: shortened(valueText(value), 12),
              samples: samples.data.filter((_, i) => i % features.length === k),
            }))}
          />
        ))}
      </div>
    </>
  );
}

/** In sentences: scale, values, the conditions that stay, dots, cross and axes. */
function whatIsDrawn(
  model: ModelSummary,
  { at, context, vary, features, example, bounds }: AtConditions,
): string {
  const { names, classes } = model.context!;
  const varies = (i: number): boolean =>
    vary.kind === 'class' ? i >= classes!.start && i < classes!.start + classes!.count : i === vary.condition;
  const others = names.flatMap((other, i) => (varies(i) ? [] : [`${other} ${compact(context[i])}`]));
  const axis = (k: 0 | 1, [low, high]: readonly number[]): string =>
    `${featureName(model, features[k]!)} ${compact(low)} … ${compact(high)}`;
  const planar = features.length === 2;
  return [
    at.some(({ density }) => density) && text.oneScale,
    vary.kind !== 'class' && text.quantiles,
    others.length > 0 &&
      text.others(others.slice(0, named).join(', ') + (others.length > named ? ', …' : '')),
    text.dots(at[0]!.samples.shape[0]!),
    example && planar && text.cross,
    planar && text.axes(axis(0, bounds!.x), axis(1, bounds!.y)),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Which class makes the example most likely, where all are there. */
export function MostLikely({ model, found }: { model: ModelSummary; found: AtConditions }) {
  const { at, context, vary } = found;
  const { isClass, valueText } = namesOf(model, vary);
  const total = model.context!.classes?.count ?? 0;
  const known = at.flatMap(({ value, logProb }) =>
    logProb !== undefined && Number.isFinite(logProb) ? [{ value, logProb }] : [],
  );
  if (!isClass || known.length < total || total < 2 || context.length === 0) return null;
  const [first, second] = known.toSorted((a, b) => b.logProb - a.logProb);
  return (
    <Verdict mark="ok">
      {text.mostLikely(
        valueText(first!.value),
        signed(first!.logProb, 2),
        valueText(second!.value),
        signed(second!.logProb, 2),
      )}
    </Verdict>
  );
}

/** On any color and in every theme: a bright cross with a dark rim. */
function drawCross(context: CanvasRenderingContext2D, [x, y]: readonly [number, number]): void {
  if (!Number.isFinite(x + y)) return;
  for (const [width, color] of [
    [4, '#000000'],
    [1.6, '#ffffff'],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x - 6, y);
    context.lineTo(x + 6, y);
    context.moveTo(x, y - 6);
    context.lineTo(x, y + 6);
    context.stroke();
  }
}

/** Standard deviation of one feature of rows of `width`. */
function spread(rows: Float32Array, feature: number, width: number): number {
  const values = rows.filter((_, i) => i % width === feature);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
