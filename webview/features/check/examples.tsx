/** A flow beside held-out examples: what classifiers and distances say, also at single observations. */
import type { ComponentChildren } from 'preact';
import type { CheckFinding, ExamplesReport, LocalTest } from '../../../src/protocol/check';
import { Area, Chart, Dots } from '../../base/charts/chart';
import { DataTable } from '../../base/controls/data-table';
import { LinkButton } from '../../base/controls/toolkit';
import { count, fixed } from '../../base/format/numbers';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { ChartBox } from '../../base/takeaway/chart-box';
import { ticks } from '../../../src/base/ticks';
import type { ViewData } from '../../base/view-data/view-data';
import { text } from './text';

/** Numbers below zero have a minus, as in the rest of the page. */
export const sentencesOf = ({ sentence, advice }: CheckFinding): string =>
  [sentence, advice]
    .filter(Boolean)
    .join(' ')
    .replace(/(?<![\w-])-(?=\d)/g, '−');

/** One row for each observation, or else each test. */
export function examplesNumbers({ tests, local }: ExamplesReport): ViewData {
  const rows = local ? local.observations : tests;
  return {
    columns: [
      {
        name: local ? 'example' : 'test',
        values: rows.map((row) => ('kind' in row ? row.kind : `${row.example ?? ''}`)),
      },
      { name: 'found', values: rows.map(({ value }) => value) },
      { name: 'by chance up to', values: rows.map(({ band }) => band) },
      ...(local ? [{ name: 'p', values: local.observations.map(({ pValue }) => pValue) }] : []),
    ],
  };
}

/** @param map of where the classifier wins */
export function AgainstExamples({ report, map }: { report: ExamplesReport; map: ComponentChildren }) {
  const { findings, local, nonFinite } = report;
  return (
    <div class="check">
      {findings.map((finding) => (
        <Verdict key={finding.sentence} mark={finding.severity}>
          {sentencesOf(finding)}
        </Verdict>
      ))}
      {nonFinite > 0 ? <p class="tick bad">{text.nonFiniteExamples(count(nonFinite))}</p> : null}
      <div class="panels">
        {local && local.observations.length > 1 ? (
          <ChartBox title={text.local} note={text.localNote} name="weighed">
            <Observations local={local} />
            <Farthest local={local} />
          </ChartBox>
        ) : null}
        {map}
      </div>
    </div>
  );
}

function Observations({ local: { observations } }: { local: LocalTest }) {
  const sorted = observations.toSorted((a, b) => a.value - b.value);
  const places = sorted.map((_, i) => i + 1);
  const some = (off: boolean) => places.filter((_, i) => sorted[i]!.pValue < 0.05 === off);
  const valuesAt = (at: number[]): number[] => at.map((place) => sorted[place - 1]!.value);
  const most = 1.1 * Math.max(...sorted.flatMap(({ value, band }) => [value, band]));
  return (
    <Chart
      label={text.local}
      height={190}
      x={{ low: 0, high: sorted.length + 1, title: text.localAxis }}
      y={{ low: 0, high: most, ticks: (height) => ticks(0, most, height / 40) }}
    >
      <Area class="fill" xs={places} low={places.map(() => 0)} high={sorted.map(({ band }) => band)} />
      <Dots xs={some(false)} ys={valuesAt(some(false))} r={3.5} />
      <g class="beyond">
        <Dots xs={some(true)} ys={valuesAt(some(true))} r={3.5} />
      </g>
    </Chart>
  );
}

const farthest = 8;

/** Observations where draws are told best. */
function Farthest({ local: { observations } }: { local: LocalTest }) {
  const store = useStore();
  return (
    <DataTable
      class="rows-table"
      label={text.farthest}
      rows={observations.toSorted((a, b) => b.value - a.value).slice(0, farthest)}
      columns={[
        {
          head: text.example,
          cell: ({ example: index }) => (
            <LinkButton
              disabled={store.fixed.value}
              onClick={() => store.selectExample({ kind: 'data', split: 'validation', index: index! })}
            >
              {index}
            </LinkButton>
          ),
        },
        { head: text.found, num: ({ value }) => fixed(value, 3) },
        { head: text.byChance, num: ({ band }) => fixed(band, 3) },
        { head: 'p', num: ({ pValue }) => fixed(pValue, 2) },
      ]}
    />
  );
}
