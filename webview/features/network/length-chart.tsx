/** One bar for each output channel: how long its weights are, and the gain that they are used with. */
import { Bars, Chart, Dots } from '../../base/charts/chart';
import { text } from './text';
import { ticks } from '../../base/format/numbers';

export interface LengthChartProps {
  lengths: Float32Array;
  gains?: Float32Array;
  /** Outputs of the weight; more than are listed. */
  total: number;
}

export function LengthChart({ lengths, gains, total }: LengthChartProps) {
  const finite = [...lengths, ...(gains ?? [])].filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(...finite, 1e-9);
  const title = gains ? text.lengthOf : text.lengthsOfWeight;
  return (
    <figure class="lengths">
      <figcaption class="tick">
        {`▮ ${title}`}
        {gains ? `   ● ${text.gain}` : ''}
        {total > lengths.length ? `   ${text.firstOutputs(lengths.length, total)}` : ''}
      </figcaption>
      <Chart
        label={title}
        height={96}
        {...{ left: 40, right: 12, foot: 17 }}
        x={{
          ...{ low: -0.5, high: lengths.length - 0.5, title: text.outputChannel, textOf: String },
          ticks: () => [0, lengths.length - 1],
        }}
        y={{ low, high, axis: 0, ticks: () => ticks(low, high, 3) }}
      >
        <Bars values={lengths} from={(i) => i - 0.5} gap={1} />
        {gains ? <Dots class="ring" ys={gains} r={gains.length > 80 ? 1.5 : 3} /> : null}
      </Chart>
    </figure>
  );
}
