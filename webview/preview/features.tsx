import type { DataPreview, FeaturePreview } from '../../src/protocol/data';
import { DataTable, type TableColumn } from '../base/controls/data-table';
import { alike, count } from '../base/format/numbers';
import { Bars } from './bars';
import { words } from '../base/words';
import { text } from './text';

export function Features({ preview, features }: { preview: DataPreview; features: FeaturePreview[] }) {
  const withGaps = features.some(({ gaps }) => gaps !== undefined && gaps > 0);
  const modeled = features.filter(({ condition }) => !condition).length;
  const shown = ({ min, mean, max, std }: FeaturePreview) => alike([min, mean, max, std]);
  const histograms = features.some(({ histogram }) => histogram);
  return (
    <section class="features" aria-label={text.features}>
      <h2>
        {text.features} <span class="tick">{text.firstFeatures(modeled, preview.shape[0] ?? 0)}</span>
      </h2>
      <DataTable
        frame={{ 'aria-label': text.features }}
        rows={features}
        columns={[
          {
            head: words.name,
            td: 'mono',
            name: ({ name, condition }) => (
              <>
                {name}
                {condition ? <span class="tick"> {text.condition}</span> : null}
              </>
            ),
          },
          { head: words.min, num: (feature) => shown(feature)(feature.min) },
          { head: words.mean, num: (feature) => shown(feature)(feature.mean) },
          { head: words.max, num: (feature) => shown(feature)(feature.max) },
          { head: text.deviation, num: (feature) => shown(feature)(feature.std) },
          withGaps && { head: text.gaps, num: ({ gaps }) => count(gaps ?? 0) },
          histograms && {
            head: words.distribution,
            class: 'after',
            cell: ({ name, histogram }) => (histogram ? <Bars name={name} histogram={histogram} /> : null),
          },
        ]}
      />
    </section>
  );
}

export interface RowsProps {
  rows: number[][];
  names?: string[] | undefined;
  classes?: string[] | undefined;
}

export function Rows({ rows, names = [], classes }: RowsProps) {
  const columns = Math.min(rows[0]?.length ?? 0, 64);
  if (columns === 0) return null;
  return (
    <section class="rows" aria-label={text.rows}>
      <h2>{text.rows}</h2>
      <DataTable
        frame={{ 'aria-label': text.rows }}
        rows={rows}
        columns={[
          { head: text.row, name: (_, row) => count(row) },
          ...Array.from({ length: columns }, (_, column): TableColumn<number[]> => {
            const shown = alike(rows.map((row) => row[column] ?? 0));
            return {
              head: names[column] ?? count(column),
              num: ({ [column]: value = NaN }) => (Number.isNaN(value) ? '' : shown(value)),
            };
          }),
          classes && { head: text.label, class: 'after', cell: (_, row) => classes[row] },
        ]}
      />
    </section>
  );
}
