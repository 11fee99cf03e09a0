/** Stored tensors of a layer: shapes, statistics, distributions, and a way to see their values. */
import type { AxisRole } from '../../../src/protocol/conditioner';
import type { LayerInfo } from '../../../src/protocol/model';
import type { TensorStats } from '../../../src/protocol/tensors';
import { compact, count, shapeText } from '../../base/format/numbers';
import { useFeature } from '../../base/store/use-store';
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
    <div class="scroll-x" tabIndex={0}>
      <table>
        <caption class="tick">{`${title}: ${count(rows.reduce((n, row) => n + row.stats.count, 0))}`}</caption>
        <thead>
          <tr>
            <th>{words.name}</th>
            <th>{words.shape}</th>
            <th class="num">{words.mean}</th>
            <th class="num">{words.std}</th>
            <th class="num">{words.min}</th>
            <th class="num">{words.max}</th>
            <th class="num">{words.nanInf}</th>
            {withHistogram ? <th class="after">{words.distribution}</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, shape, stats, histogram, axes }) => (
            <tr key={name} title={name}>
              <td class="mono">
                {axes ? (
                  <button
                    type="button"
                    class="linklike"
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
                  </button>
                ) : (
                  short(name)
                )}
              </td>
              <td>{shapeText(shape)}</td>
              <td class="num">{compact(stats.mean)}</td>
              <td class="num">{compact(stats.std)}</td>
              <td class="num">{compact(stats.min)}</td>
              <td class="num">{compact(stats.max)}</td>
              <td class={`num ${stats.nan + stats.inf ? 'bad' : ''}`}>{stats.nan + stats.inf}</td>
              {withHistogram ? (
                <td class="after">
                  <MiniHistogram counts={histogram?.counts ?? []} />
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MiniHistogram({ counts }: { counts: number[] }) {
  const width = 72;
  const height = 16;
  const most = Math.max(1, ...counts);
  const each = width / counts.length;
  return (
    <svg width={width} height={height} aria-hidden="true">
      {counts.map((n, i) => (
        <rect
          key={i}
          class="bar"
          x={i * each}
          width={Math.max(0.5, each - 0.4)}
          y={height - (n / most) * height}
          height={(n / most) * height}
        />
      ))}
    </svg>
  );
}
