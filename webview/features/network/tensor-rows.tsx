/** Stored tensors of a layer: shapes, statistics, distributions, and a way to see their values. */
import type { AxisRole } from '../../../src/protocol/conditioner';
import { LinkButton } from '../../base/controls/toolkit';
import type { LayerInfo } from '../../../src/protocol/model';
import type { TensorStats } from '../../../src/protocol/tensors';
import { bare, Bars, Plot } from '../../base/charts/chart';
import { compact, count, shapeText } from '../../base/format/numbers';
import { useFeature } from '../../base/store/use-store';
import { DataTable } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { text } from './text';
import { networkState } from './state';

export interface TensorRow {
  name: string;
  shape: number[];
  stats: TensorStats;
  histogram?: { counts: number[] };
  axes?: AxisRole[];
}

export interface TensorRowsProps {
  layer: LayerInfo;
  title: string;
  rows: readonly TensorRow[];
  /** Name without the layer's. */
  short(name: string): string;
  withHistogram?: boolean;
}

export function TensorRows({ layer, title, rows, short, withHistogram }: TensorRowsProps) {
  const network = useFeature(networkState);
  const choice = network.weightChoice;
  const shownName = choice.value?.layer === layer.index ? choice.value.name : undefined;
  return (
    <DataTable
      frame={{}}
      caption={
        <caption class="tick">{`${title}: ${count(rows.reduce((n, row) => n + row.stats.count, 0))}`}</caption>
      }
      rows={rows}
      tr={({ name }) => ({ title: name })}
      columns={[
        {
          head: words.name,
          td: 'mono',
          cell: ({ name, shape, axes }) =>
            axes ? (
              <LinkButton
                aria-pressed={name === shownName}
                aria-label={text.pictureOf(short(name))}
                onClick={() =>
                  (choice.value =
                    name === shownName
                      ? undefined
                      : { layer: layer.index, name, shape, axes, from: shape.map(() => 0) })
                }
              >
                {short(name)}
              </LinkButton>
            ) : (
              short(name)
            ),
        },
        { head: words.shape, cell: ({ shape }) => shapeText(shape) },
        { head: words.mean, num: ({ stats }) => compact(stats.mean) },
        { head: words.std, num: ({ stats }) => compact(stats.std) },
        { head: words.min, num: ({ stats }) => compact(stats.min) },
        { head: words.max, num: ({ stats }) => compact(stats.max) },
        {
          head: words.nanInf,
          td: ({ stats }) => ({ class: stats.nan + stats.inf ? 'bad' : '' }),
          num: ({ stats }) => stats.nan + stats.inf,
        },
        withHistogram && {
          head: words.distribution,
          class: 'after',
          cell: ({ histogram }) => <MiniHistogram counts={histogram?.counts ?? []} />,
        },
      ]}
    />
  );
}

function MiniHistogram({ counts }: { counts: number[] }) {
  return (
    <Plot
      {...bare}
      width={72}
      height={16}
      x={{ low: 0, high: counts.length }}
      y={{ low: 0, high: Math.max(1, ...counts) }}
    >
      <Bars values={counts} from={(i) => i} gap={0.4} />
    </Plot>
  );
}
