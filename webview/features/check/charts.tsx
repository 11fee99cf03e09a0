/** Pictures of a check: how the weights are spread, which layer they point at, and what lies beyond the ends. */
import { Fragment } from 'preact';
import { tailRoom, type Blame, type CheckReport, type TailRatio } from '../../../src/protocol/check';
import type { ModelSummary } from '../../../src/protocol/model';
import { Bars, Box, Chart, Dots, Hatch, Line, Note, Rule } from '../../base/charts/chart';
import { logarithmic, widest } from '../../base/charts/scale';
import { DataTable } from '../../base/controls/data-table';
import { ticks } from '../../../src/base/ticks';
import { count, fixed, logTicks, percent, short, shortened, tickText } from '../../base/format/numbers';
import { layerPhraseOf } from '../../base/layers/layer-names';
import { VerdictMark } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';

export function LogWeights({ report }: { report: CheckReport }) {
  const { histogram, leakage, draws, pareto } = report;
  const { low, high, counts } = histogram;
  const outside = Math.round(leakage.share * draws);
  const most = Math.max(10, outside, ...counts) * 1.2;
  const step = (high - low) / counts.length;
  const start = (i: number): number => low + i * step;
  const isTail = (i: number): boolean => pareto !== undefined && start(i + 0.5) >= pareto.from;
  // Where the weights are drawn that have no logarithm.
  const room = 0.1 * (high - low);
  const none = low - room / 2;
  return (
    <Chart
      label={text.weights}
      height={190}
      {...{ left: 38, right: 8, top: 18 }}
      x={{
        ...{ low: outside ? low - room : low, high, title: text.weightAxis },
        ticks: (width) => (outside ? [none] : []).concat(ticks(low, high, width / 45).slice(outside ? 1 : 0)),
        textOf: (value) => (value === none ? '−∞' : tickText(value)),
      }}
      y={{ low: 0.7, high: most, scale: logarithmic, ticks: () => logTicks(1, most), textOf: short }}
    >
      <Rule class="dashed" x={0} />
      {outside ? (
        <>
          <Hatch id="outside" />
          <Box
            class="axis"
            style={{ fill: 'url(#outside)' }}
            x={[none - room / 4, none + room / 4]}
            y={[0.7, outside]}
          />
          <Note x={none + room / 4} y={outside} dx={4} dy={9}>
            {text.outsideCount(count(outside))}
          </Note>
        </>
      ) : null}
      <Bars values={counts} from={start} class={(_, i) => (isTail(i) ? 'beyond' : 'bar')} />
      <Rule class="axis" y={0.7} />
      {pareto ? (
        <Note class="beyond" x={high} y={most} dy={-7} text-anchor="end">
          {text.tail(count(pareto.count))}
        </Note>
      ) : null}
    </Chart>
  );
}

/** A row for each layer, whose button chooses it. */
export function BlameBars({ model, blame }: { model: ModelSummary; blame: Blame }) {
  const store = useStore();
  return (
    <DataTable
      class="rows-table check-layers"
      label={text.blame}
      rows={blame.layers}
      tr={({ layer }) => ({ 'aria-selected': layer === store.layer.value, 'data-layer': layer })}
      columns={[
        {
          head: words.layerAxis,
          cell: ({ layer }) => (
            <span class="pair">
              <button type="button" class="plain" onClick={() => store.selectLayer(layer)}>
                {layerPhraseOf(model, layer)}
              </button>
              {layer === blame.named ? <VerdictMark mark="notice" /> : null}
            </span>
          ),
        },
        {
          head: '0–100%',
          cell: ({ layer, explained, removed }) => (
            <span class="bars" aria-hidden="true">
              <i
                class="solo"
                style={along(explained, layer === blame.named ? 'var(--pos)' : 'var(--muted)')}
              />
              {removed === undefined ? null : <u style={{ '--from': along(removed)['--long'] }} />}
            </span>
          ),
        },
        { head: text.explained, num: ({ explained }) => percent(Math.max(0, explained)) },
        { head: text.removed, num: ({ removed }) => (removed === undefined ? '' : percent(removed)) },
      ]}
    />
  );
}

const along = (share: number, color?: string) => ({
  ...{ '--from': 0, '--long': `${100 * Math.min(1, Math.max(0, share))}%`, '--c': color },
});

const row = 20;
/** Features that are drawn: the first, unless others are off. */
const most = 12;
const farthest = 8;

/** Marks of the ratios, of which both ends have their own axis. */
const ratios = { '⅕': 0.2, '½': 0.5, 1: 1, 2: 2, 5: 5 };
const ends = ['lowest', 'highest'] as const;

/** The place of a ratio on the axis of an end, which is 1 wide. */
function placeOf(end: number, ratio: number): number {
  const fit = Math.min(farthest, Math.max(1 / farthest, ratio));
  return 1.1 * end + 0.5 + Math.log(fit) / (2 * Math.log(farthest));
}

export function Tails({ report }: { report: CheckReport }) {
  const features = tailsOf(report);
  const names = features.map(({ name }) => shortened(name, 12));
  const room = tailRoom(report.draws);
  const marks = new Map(
    ends.flatMap((_, k) => Object.entries(ratios).map(([name, ratio]) => [placeOf(k, ratio), name] as const)),
  );
  return (
    <Chart
      label={text.tails}
      height={52 + row * features.length}
      {...{ left: widest(names) + 10, top: 20 }}
      x={{
        ...{ low: 0, high: 2.1, grid: true, title: text.tailAxis },
        ticks: () => [...marks.keys()].toSorted((a, b) => a - b),
        textOf: (place) => marks.get(place)!,
      }}
      y={{
        ...{ low: features.length, high: 0, ticks: () => names.map((_, i) => i + 0.5) },
        textOf: (place) => names[place - 0.5]!,
      }}
    >
      {ends.map((end, k) => (
        <Fragment key={end}>
          <Note x={placeOf(k, 1)} y={0} dy={-9} text-anchor="middle">
            {text.ends[end]}
          </Note>
          <Box class="fill" x={[placeOf(k, 1 - room), placeOf(k, 1 + room)]} />
          <Rule class="dashed" x={placeOf(k, 1)} />
          {features.map(({ name, tails }, i) => (
            <Ratio key={name} tail={tails[k]!} at={(ratio) => placeOf(k, ratio)} y={i + 0.5} />
          ))}
        </Fragment>
      ))}
    </Chart>
  );
}

function tailsOf({ features }: CheckReport): CheckReport['features'] {
  const isOff = ({ tails }: (typeof features)[number]): number => (tails.some(({ off }) => off) ? 1 : 0);
  return features
    .toSorted((a, b) => isOff(b) - isOff(a))
    .slice(0, most)
    .toSorted((a, b) => a.feature - b.feature);
}

function Ratio({ tail, at, y }: { tail: TailRatio; at(ratio: number): number; y: number }) {
  const { byWeights, byRows, off } = tail;
  const { ratio, error } = byWeights;
  return (
    <g class={off ? 'beyond' : undefined}>
      <Line xs={[at(ratio - error), at(ratio + error)]} ys={[y, y]} />
      <Dots xs={[at(ratio)]} ys={[y]} r={3.5} />
      {byRows ? <Dots class="line" xs={[at(byRows.ratio)]} ys={[y]} r={5} /> : null}
      <title>{`${fixed(ratio, 2)} ± ${fixed(error, 2)}`}</title>
    </g>
  );
}
