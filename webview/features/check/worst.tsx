/** Where the weights are large or small: a map over two features, and single draws. */
import type { WeightMap, WorstDraw } from '../../../src/protocol/check';
import type { ModelSummary } from '../../../src/protocol/model';
import { planeAxes } from '../../base/canvas/axes';
import { Board, HeatMap } from '../../base/canvas/canvas';
import { signedScale, Legend } from '../../base/canvas/colour-maps';
import { Readout, useCursor } from '../../base/canvas/readout';
import { Rows } from '../../base/examples/rows';
import { compact, percent, signed } from '../../base/format/numbers';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';

/** Side of the map, px. */
const size = 234;
/** The same colors for every pair, nats. */
const scale = (light: boolean) => signedScale(1, light);

export function WeightBoard({ map: { cells, side, range, names } }: { map: WeightMap }) {
  const rows = Array.from({ length: side }, (_, i) => [...cells.subarray(i * side, (i + 1) * side)]);
  // From the top.
  const values = Float32Array.from(rows.reverse().flat());
  const cursor = useCursor({ width: side, height: side }, (i) => !Number.isNaN(values[i]));
  const [x, y] = range;
  const middle = ([low, high]: [number, number], cell: number): string =>
    compact(low + ((cell + 0.5) / side) * (high - low));
  return (
    <>
      <div class="fit layered" role="group" tabIndex={0} aria-label={words.cellHint} onKeyDown={cursor.keys}>
        <HeatMap
          plane={{ width: side, height: side, values }}
          {...{ scale, size }}
          name="weight-map"
          label={`${text.where}: ${names.join(', ')}`}
          hatched={(i) => values[i] === -Infinity}
          blank={(i) => Number.isNaN(values[i])}
          onPoint={cursor.point}
        />
        <Board width={size} height={size} draw={(board) => planeAxes(board, { size, x, y }, names)} />
      </div>
      <Legend scale={scale} unit={words.nats} width={size} />
      <Readout of={cursor.at} hint={words.cellHint}>
        {(i) =>
          `${names[0]} ${middle(x, i % side)}, ${names[1]} ${middle(y, side - 1 - Math.floor(i / side))}: log w ${signed(values[i], 2)}`
        }
      </Readout>
    </>
  );
}

export function WorstDraws({ model, draws }: { model: ModelSummary; draws: readonly WorstDraw[] }) {
  const store = useStore();
  const context = model.context && store.context.ofExample?.value;
  return (
    <Rows
      model={model}
      label={text.worst}
      values={{
        shape: [draws.length, model.shape[0]!],
        data: Float32Array.from(draws.flatMap(({ x }) => x)),
      }}
      count={draws.length}
      name={(row) => String(draws[row]!.index)}
      disabled={() => store.fixed.value}
      lead={[
        { head: text.kind, cell: (row) => text.kinds[draws[row]!.kind] },
        { head: 'log w', num: (row) => signed(draws[row]!.logWeight ?? -Infinity, 2) },
        { head: text.share, num: (row) => percent(draws[row]!.share, 2) },
      ]}
      onPick={(row) =>
        store.selectExample({
          ...{ kind: 'values', values: draws[row]!.x },
          ...(context ? { context: [...context] } : {}),
        })
      }
    />
  );
}
