/** Whether the samples of a conditional flow are spread as the examples that come with the same condition. */
import type {
  Calibration,
  CalibrationPart,
  CoverageLevel,
  RankCurve,
  RankTest,
} from '../../../src/protocol/calibration';
import type { ModelSummary } from '../../../src/protocol/model';
import { linear } from '../../base/charts/scale';
import { Sized } from '../../base/size/sized';
import { Button, Dropdown } from '../../base/controls/toolkit';
import { count, fixed, percent } from '../../base/format/numbers';
import { Verdict } from '../../base/layers/verdict';
import { ChartBox } from '../../base/takeaway/chart-box';
import { PartedTab } from '../../base/store/parted-tab';
import { useFeature } from '../../base/store/use-store';
import { Heading } from '../../base/controls/heading';
import { pText } from './p-text';
import { Predictive } from './pair-plot';
import { calibrationState } from './state';
import { text } from './text';
import { PlaceGrid, ValueGrid } from '../../base/charts/value-grid';

const choices = { pairs: [100, 500, 1000, 2000], draws: [50, 100, 200, 500] };
const histogramHeight = 84;
/** Nominal coverage of the regions that the sentence is about. */
const said = 0.9;

/** Numbers at both axes of a curve. */
const percents = { values: [0, 0.5, 1], textOf: (value: number): string => String(100 * value) };

const shareOf = (share: number): string => percent(share, 1);

export function CalibrationTab({ model }: { model: ModelSummary }) {
  const state = useFeature(calibrationState);
  const part = state.part.value;
  const split = model.splits.find(({ name }) => name === 'validation') ?? model.splits[0];
  return (
    <PartedTab
      of={state}
      part={part}
      unit={text.unit}
      title={split ? text.notRun : text.noData}
      why={split ? <Cost split={split.name} total={split.count} /> : (model.splitsReason ?? text.noDataWhy)}
      failed={text.failed}
      about={part && text.about(count(part.done), count(part.settings.draws), part.settings.split)}
      settings={split && ((run) => <Settings split={split.name} label={run} />)}
    >
      {part?.calibration ? (
        <>
          <Charts part={part} calibration={part.calibration} />
          {part.pairPlot === undefined ? null : <Predictive model={model} first={part.pairPlot} />}
        </>
      ) : undefined}
    </PartedTab>
  );
}

function Cost({ split, total }: { split: string; total: number }) {
  const { pairs, draws } = useFeature(calibrationState).size.value;
  const n = Math.min(pairs, total);
  return (
    <>
      {text.cost(count(n), count(draws), count(n * draws))} {split === 'train' ? text.onTrain : ''}
    </>
  );
}

function Settings({ split, label }: { split: 'train' | 'validation'; label: string }) {
  const { size, run } = useFeature(calibrationState);
  const choice = (what: 'pairs' | 'draws', label: string) => (
    <>
      <span>{label}</span>
      <Dropdown
        label={label}
        value={String(size.value[what])}
        options={choices[what].map((n) => ({ value: String(n), text: count(n) }))}
        onChange={(value) => (size.value = { ...size.value, [what]: Number(value) })}
      />
    </>
  );
  return (
    <>
      {choice('pairs', text.pairs)}
      {choice('draws', text.draws)}
      <Button primary onClick={() => run(split)}>
        {label}
      </Button>
    </>
  );
}

function Charts({ part, calibration }: { part: CalibrationPart; calibration: Calibration }) {
  const { features, coverage, tarp, threshold, nonFinite } = calibration;
  const worst = features.reduce((a, b) => (b.pValue < a.pValue ? b : a));
  const off = features.filter((feature) => feature.off).length;
  const region = coverage.levels.find(({ level }) => level === said);
  const verdict = (test: RankTest, ...first: string[]): string =>
    `${[
      ...(test.off ? [text.problem(test.off)] : []),
      ...first,
      text.test(fixed(test.distance, 3), pText(test.pValue)),
    ].join('; ')}.`;
  return (
    <div class="charts three calibration-charts">
      <ChartBox title={text.ranks} note={text.ranksNote}>
        <Verdict mark={worst.off ? 'notice' : 'ok'}>
          {worst.off
            ? text.ranksOff(
                worst.name,
                text.problem(worst.off),
                fixed(worst.distance, 3),
                pText(worst.pValue),
                off,
                part.featureCount,
              )
            : text.ranksOk(worst.name, pText(worst.pValue), String(Number(threshold.toPrecision(2))))}
        </Verdict>
        <div class="calibration-ranks">
          {features.map((feature) => (
            <figure key={feature.name} data-test={feature.name} data-off={feature.off ?? ''}>
              <Heading
                class="ends"
                title={feature.name}
                hint={feature.name}
                note={`p ${pText(feature.pValue)}`}
              />
              <Sized height={histogramHeight}>
                {(width) => <Histogram width={width} test={feature} name={feature.name} />}
              </Sized>
            </figure>
          ))}
        </div>
        {part.featureCount > features.length ? (
          <p class="tick">{text.left(part.featureCount - features.length)}</p>
        ) : null}
        {nonFinite > 0 ? <p class="tick bad">{text.nonFinite(count(nonFinite))}</p> : null}
      </ChartBox>
      <ChartBox title={text.coverage} note={text.bandNote}>
        <Verdict mark={coverage.off ? 'notice' : 'ok'}>
          {verdict(coverage, ...(region ? holds(region, coverage) : []))}
        </Verdict>
        <Curve curve={part.curves!.coverage} label={text.coverage} at={region} />
      </ChartBox>
      <ChartBox title={text.tarp} note={text.bandNote}>
        <Verdict mark={tarp.off ? 'notice' : 'ok'}>{verdict(tarp)}</Verdict>
        <Curve curve={part.curves!.tarp} label={text.tarp} />
      </ChartBox>
    </div>
  );
}

/** One level of many may be outside of its band while the test, which is of all of them, passes. */
function holds({ found, low, high }: CoverageLevel, { off }: RankTest): string[] {
  const outside = !off && (found < low || found > high);
  return [
    text.holds(shareOf(found), shareOf(low), shareOf(high)),
    ...(outside ? [text.onlyAtThisLevel] : []),
  ];
}

function Histogram({ width, test, name }: { width: number; test: RankTest; name: string }) {
  const { counts, expected, low, high } = test.histogram;
  const base = histogramHeight - 4;
  const x = linear(0, counts.length, 0, width);
  const y = linear(0, Math.max(high, ...counts) * 1.05, base, 2);
  return (
    <svg width={width} height={histogramHeight} role="img" aria-label={text.histogram(name)}>
      <rect class="rank-band" x={0} width={width} y={y.at(high)} height={y.at(low) - y.at(high)} />
      {counts.map((value, i) => (
        <rect
          key={i}
          class={value < low || value > high ? 'rank-bar outside' : 'rank-bar'}
          x={x.at(i + 0.1)}
          width={x.at(0.8)}
          y={y.at(value)}
          height={base - y.at(value)}
        />
      ))}
      {[low, high].map((edge) => (
        <line key={edge} class="rank-edge" x1={0} x2={width} y1={y.at(edge)} y2={y.at(edge)} />
      ))}
      <line class="dashed" x1={0} x2={width} y1={y.at(expected)} y2={y.at(expected)} />
      <line class="axis" x1={0} x2={width} y1={base} y2={base} />
    </svg>
  );
}

interface CurveProps {
  curve: RankCurve;
  label: string;
  at?: { level: number; found: number } | undefined;
}

function Curve({ curve: { levels, found, low, high }, label, at }: CurveProps) {
  return (
    <Sized height={(width) => Math.min(width, 200)}>
      {(width, height) => {
        const size = Math.min(width, 240);
        const x = linear(0, 1, 30, size - 8);
        const y = linear(0, 1, height - 30, 6);
        const points = (shares: readonly number[]): string[] =>
          shares.map((share, i) => `${x.at(levels[i]!).toFixed(1)},${y.at(share).toFixed(1)}`);
        return (
          <svg width={size} height={height} role="img" aria-label={label}>
            <ValueGrid {...percents} at={y.at} left={30} right={size - 8} gap={4} />
            <PlaceGrid {...percents} at={x.at} y={height - 16} />
            <polygon class="rank-band" points={[...points(low), ...points(high).reverse()].join(' ')} />
            <line class="dashed" x1={x.at(0)} y1={y.at(0)} x2={x.at(1)} y2={y.at(1)} />
            <polyline class="line" points={points(found).join(' ')} />
            {at ? <circle class="dot" cx={x.at(at.level)} cy={y.at(at.found)} r={3} /> : null}
            <text x={(30 + size) / 2} y={height - 3} text-anchor="middle">
              {`${text.level}, %`}
            </text>
          </svg>
        );
      }}
    </Sized>
  );
}
