/** Whether the samples of a conditional flow are spread as the examples that come with the same condition. */
import { hasCalibration } from '../../../src/protocol/questions';
import type {
  Calibration,
  CalibrationPart,
  CoverageLevel,
  RankCurve,
  RankTest,
} from '../../../src/protocol/calibration';
import type { ModelSummary } from '../../../src/protocol/model';
import type { RegionFeature, Store } from '../../base/store/store';
import type { ViewData } from '../../base/view-data/view-data';
import { Area, bare, Bars, Box, Chart, Dots, Line, Rule } from '../../base/charts/chart';
import { Button, Dropdown } from '../../base/controls/toolkit';
import { count, fixed, percent } from '../../base/format/numbers';
import { Verdict } from '../../base/layers/verdict';
import { ChartBox } from '../../base/takeaway/chart-box';
import { PartedTab } from '../../base/store/parted-tab';
import { useFeature } from '../../base/store/use-store';
import { Heading } from '../../base/controls/heading';
import { calibrationState } from './state';
import { text } from './text';
import './style.css';

/** One row for each test. */
function calibrationNumbers(store: Store): ViewData {
  const found = store.state(calibrationState).part.value?.calibration;
  if (!found) return {};
  const tests = [...found.features, { name: 'coverage', ...found.coverage }, { name: 'TARP', ...found.tarp }];
  return {
    columns: [
      { name: 'test', values: tests.map(({ name }) => name) },
      { name: 'distance', values: tests.map(({ distance }) => distance) },
      { name: 'p', values: tests.map(({ pValue }) => pValue) },
      { name: 'mean', values: tests.map(({ mean }) => mean) },
      { name: 'spread', values: tests.map(({ spread }) => spread) },
    ],
    arrays: {
      ranks: {
        shape: [tests.length, found.pairs],
        data: Float32Array.from(tests.flatMap(({ ranks }) => [...ranks])),
      },
    },
  };
}

export const calibration: RegionFeature = {
  id: 'calibration',
  region: 'diagnostics',
  title: () => text.tab,
  applies: hasCalibration,
  state: calibrationState,
  View: CalibrationTab,
  numbers: calibrationNumbers,
};

const choices = { pairs: [100, 500, 1000, 2000], draws: [50, 100, 200, 500] };
/** Nominal coverage of the regions that the sentence is about. */
const nominalCoverage = 0.9;

const shareOf = (share: number): string => percent(share, 1);

function CalibrationTab({ model }: { model: ModelSummary }) {
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
      {part?.calibration ? <Charts part={part} calibration={part.calibration} /> : undefined}
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
  const region = coverage.levels.find(({ level }) => level === nominalCoverage);
  const verdict = (test: RankTest, ...first: string[]): string =>
    `${[
      ...(test.off ? [text.problem(test.off)] : []),
      ...first,
      text.test(fixed(test.distance, 3), pText(test.pValue)),
    ].join('; ')}.`;
  return (
    <div class="charts three">
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
              <Histogram test={feature} name={feature.name} />
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

function Histogram({ test, name }: { test: RankTest; name: string }) {
  const { counts, expected, low, high } = test.histogram;
  return (
    <Chart
      {...bare}
      label={text.histogram(name)}
      height={84}
      {...{ top: 2, foot: 4 }}
      x={{ low: 0, high: counts.length }}
      y={{ low: 0, high: Math.max(high, ...counts) * 1.05 }}
    >
      <Box class="fill" y={[low, high]} />
      <Bars
        values={counts}
        {...{ from: (i) => i + 0.1, to: (i) => i + 0.9, gap: 0 }}
        class={(n) => (n < low || n > high ? 'bar beyond' : 'bar')}
      />
      <Rule class="axis" y={low} />
      <Rule class="axis" y={high} />
      <Rule class="dashed" y={expected} />
      <Rule class="axis" y={0} />
    </Chart>
  );
}

interface CurveProps {
  curve: RankCurve;
  label: string;
  at?: { level: number; found: number } | undefined;
}

/** Numbers at both axes of a curve. */
const percents = {
  ...{ low: 0, high: 1, ticks: () => [0, 0.5, 1] },
  textOf: (value: number): string => String(100 * value),
};

function Curve({ curve: { levels, found, low, high }, label, at }: CurveProps) {
  return (
    <Chart
      label={label}
      height={(width) => Math.min(width, 200)}
      {...{ left: 30, right: 8, widest: 240 }}
      x={{ ...percents, title: `${text.level}, %` }}
      y={percents}
    >
      <Area class="fill" xs={levels} {...{ low, high }} />
      <Line class="dashed" ys={[0, 1]} />
      <Line xs={levels} ys={found} />
      {at ? <Dots xs={[at.level]} ys={[at.found]} r={3} /> : null}
    </Chart>
  );
}

const pText = (p: number): string => (p < 0.001 ? `< ${fixed(0.001, 3)}` : fixed(p, 3));
