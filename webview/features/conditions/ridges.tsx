/** The density of one feature at each value of a condition, row under row. */
import { linear } from '../../base/charts/scale';
import { Sized } from '../../base/size/sized';
import { ticks } from '../../base/format/numbers';
import { densityCurve } from './kde';
import { text } from './text';
import { Heading } from '../../base/controls/heading';
import { PlaceGrid } from '../../base/charts/value-grid';

interface RidgesProps {
  /** Name of the feature. */
  name: string;
  bounds: readonly [number, number];
  /** The example's value. */
  marked: number | undefined;
  rows: readonly { name: string; samples: Float32Array }[];
}

const row = 26;
const axis = 18;
const left = 76;
const steps = 120;

export function Ridges({ name, bounds: [low, high], marked, rows }: RidgesProps) {
  const curves = rows.map(({ samples }) => densityCurve(samples, low, high, steps));
  const most = Math.max(...curves.flatMap((curve) => [...curve])) || 1;
  const height = rows.length * row + axis;
  return (
    <figure data-ridges={name}>
      <Heading class="ends" title={name} note={text.ridges} />
      <Sized height={height}>
        {(width) => {
          const x = linear(low, high, left, width - 4);
          return (
            <svg width={width} height={height} role="img" aria-label={text.ridgesOf(name)}>
              <PlaceGrid
                values={ticks(low, high, Math.max(2, Math.floor((width - left) / 60))).filter(
                  (value) => x.at(value) > left + 8 && x.at(value) < width - 14,
                )}
                at={x.at}
                y={height - 4}
                ends={[0, height - axis]}
              />
              {rows.map((one, i) => {
                const base = (i + 1) * row;
                const y = linear(0, most, base, base - row + 3);
                const line = Array.from(
                  curves[i]!,
                  (value, k) =>
                    `${x.at(low + (k / steps) * (high - low)).toFixed(1)} ${y.at(value).toFixed(1)}`,
                ).join('L');
                return (
                  <g key={one.name}>
                    <path class="ridge" d={`M${left} ${base}L${line}L${width - 4} ${base}Z`} />
                    <line class="axis" x1={left} x2={width - 4} y1={base} y2={base} />
                    <text class="fg" x={left - 6} y={base - 6} text-anchor="end">
                      {one.name}
                    </text>
                  </g>
                );
              })}
              {marked !== undefined && marked >= low && marked <= high ? (
                <line class="here" x1={x.at(marked)} x2={x.at(marked)} y1={0} y2={height - axis} />
              ) : null}
            </svg>
          );
        }}
      </Sized>
    </figure>
  );
}
