/** Where the bits go: what each part adds to log p(x), as a running sum. */
import type { LogProbParts } from '../../../src/protocol/contribution';
import type { ModelSummary } from '../../../src/protocol/model';
import { addingUp, signed, unknown } from '../../base/format/numbers';
import { layersName, normsName } from '../../base/layers/layer-names';
import { words } from '../../base/words';
import { text } from './text';

interface Part {
  name: string;
  pick(parts: LogProbParts): number;
  /** The sum of the others, from 0. */
  total?: true;
}

export interface WaterfallProps {
  model: ModelSummary;
  example?: LogProbParts;
  mean?: LogProbParts;
  /** Examples of the mean. */
  count: number;
}

export function Waterfall({ model, example, mean, count }: WaterfallProps) {
  const drawn = example ?? mean;
  // Images in bits/dim, vectors in nats: the same factor takes every part there.
  const factor = (parts: LogProbParts | undefined): number =>
    parts?.bitsPerDim !== undefined && parts.nats !== 0 ? parts.bitsPerDim / parts.nats : 1;
  const norms = normsName(model);
  const layers = layersName(model);
  const all: Part[] = [
    ...(model.levels
      ? [{ name: words.levels(model.levels), pick: (p: LogProbParts) => p.quantization }]
      : []),
    { name: words.preprocessing, pick: (p) => p.preprocessing },
    ...(layers === undefined ? [] : [{ name: layers, pick: (p: LogProbParts) => p.couplings }]),
    ...(norms === undefined ? [] : [{ name: norms, pick: (p: LogProbParts) => p.norm }]),
    { name: words.logPZ, pick: (p) => p.prior },
    { name: words.logPX, pick: (p) => -p.nats, total: true },
  ];
  let sum = 0;
  const bars = all.map((part) => {
    const value = drawn ? part.pick(drawn) * factor(drawn) : NaN;
    const from = part.total ? 0 : sum;
    sum += value;
    return { ...part, value, from };
  });
  const ends = bars.flatMap(({ from, value, total }) => (total ? [] : [from, from + value]));
  const low = Math.min(0, ...ends.filter(Number.isFinite));
  const high = Math.max(...ends.filter(Number.isFinite), 1e-9);
  const percent = (value: number): number => ((value - low) / (high - low)) * 100;
  const cellsOf = (parts: LogProbParts | undefined): string[] => {
    if (!parts) return all.map(() => unknown);
    const values = all.map((part) => part.pick(parts) * factor(parts));
    return [...addingUp(values.slice(0, -1), 2), values.at(-1)!].map((value) => signed(value, 2));
  };
  const cells = [cellsOf(example), cellsOf(mean)];
  return (
    <div
      class="waterfall"
      role="table"
      aria-label={drawn?.bitsPerDim === undefined ? text.whereNats : text.whereBits}
    >
      <div role="row" class="row-contents">
        <span role="columnheader">
          <span class="sr">{words.name}</span>
        </span>
        <span aria-hidden="true" />
        <span role="columnheader" class="num tick">
          {words.this}
        </span>
        <span role="columnheader" class="num tick" title={text.meanOf(count)}>
          {words.mean}
        </span>
      </div>
      {bars.map((bar, i) => (
        <div
          role="row"
          class={bar.total ? 'row-contents strong' : 'row-contents'}
          key={bar.name}
          data-part={bar.total ? 'total' : bar.name}
        >
          <span role="rowheader">{bar.name}</span>
          <span class="b" aria-hidden="true">
            {Number.isFinite(bar.value) && Number.isFinite(bar.from) ? (
              <i
                style={{
                  left: `${percent(Math.min(bar.from, bar.from + bar.value))}%`,
                  width: `${percent(Math.abs(bar.value) + low)}%`,
                  background: bar.total ? 'var(--fg)' : bar.value < 0 ? 'var(--neg)' : 'var(--pos)',
                }}
              />
            ) : null}
          </span>
          <span role="cell" class="num">
            {cells[0]![i]}
          </span>
          <span role="cell" class="num muted">
            {cells[1]![i]}
          </span>
        </div>
      ))}
    </div>
  );
}
