import type { DataPreview, FeaturePreview } from '../../src/protocol/data';
import { DataTable, type TableColumn } from '../base/controls/data-table';
import { alike, count } from '../base/format/numbers';
import { Bars } from './bars';
import { text } from './text';

export function Features({ preview, features }: { preview: DataPreview; features: FeaturePreview[] }) {
  const withGaps = features.some(({ gaps }) => gaps !== undefined && gaps > 0);
  const modeled = features.filter(({ condition }) => !condition).length;
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
            head: text.name,
            td: 'mono',
            name: ({ name, condition }) => (
              <>
                {name}
                {condition ? <span class="tick"> {text.condition}</span> : null}
              </>
            ),
          },
          ...(['min', 'mean', 'max', 'std'] as const).map((name): TableColumn<FeaturePreview> => ({
            head: name === 'std' ? text.deviation : text[name],
            num: ({ min, mean, max, std, [name]: value }) => alike([min, mean, max, std])(value),
          })),
          withGaps && { head: text.gaps, num: ({ gaps }) => count(gaps ?? 0) },
          histograms && {
            head: text.distribution,
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
