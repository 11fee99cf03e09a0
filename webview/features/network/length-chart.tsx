/** One bar for each output channel: how long its weights are, and the gain that they are used with. */
import { linear } from '../../base/charts/scale';
import { Sized } from '../../base/size/sized';
import { ValueGrid } from '../../base/charts/value-grid';
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
      <Sized height={96}>
        {(width, height) => {
          const left = 40;
          const y = linear(low, high, height - 20, 6);
          const x = linear(0, lengths.length, left, width - 4);
          const each = Math.max(1, x.at(1) - x.at(0) - 1);
          const middle = (i: number): number => x.at(i) + each / 2;
          return (
            <svg width={width} height={height} role="img" aria-label={title}>
              <ValueGrid values={ticks(low, high, 3)} axis={0} at={y.at} left={left} right={width} />
              {[...lengths].map((value, i) =>
                Number.isFinite(value) ? (
                  <rect
                    key={i}
                    class="bar"
                    x={x.at(i)}
                    width={each}
                    y={y.at(value)}
                    height={Math.max(0, y.at(0) - y.at(value))}
                  />
                ) : null,
              )}
              {gains
                ? [...gains].map((value, i) =>
                    Number.isFinite(value) ? (
                      <circle
                        key={i}
                        class="ring"
                        cx={middle(i)}
                        cy={y.at(value)}
                        r={Math.min(3, Math.max(1.5, each / 2))}
                      />
                    ) : null,
                  )
                : null}
              <text x={left} y={height - 4}>
                0
              </text>
              <text x={(left + width) / 2} y={height - 4} text-anchor="middle">
                {text.outputChannel}
              </text>
              <text x={width - 4} y={height - 4} text-anchor="end">
                {lengths.length - 1}
              </text>
            </svg>
          );
        }}
      </Sized>
    </figure>
  );
}
