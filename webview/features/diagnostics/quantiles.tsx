import { finiteExtent } from '../../base/canvas/planes';
import { ticks } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';
import { linear, type Size } from '../../base/charts/scale';
import { PlaceGrid, ValueGrid } from '../../base/charts/value-grid';

/** Quantiles of z against quantiles of a standard normal: on the diagonal when they agree. */
export function Quantiles({ width, height, normal, z }: Size & { normal: number[]; z: number[] }) {
  const extent = finiteExtent([...normal, ...z]);
  if (!extent) return <p class="muted">{words.noValues}</p>;
  const limit = Math.max(2.5, Math.abs(extent.low), Math.abs(extent.high)) * 1.05;
  const left = 26;
  const x = linear(-limit, limit, left, width - 4);
  const y = linear(-limit, limit, height - 32, 6);
  const values = ticks(-limit, limit, limit > 6 || height < 120 ? 2 : 4);
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={`${text.isNormal}: ${text.zQuantile}, ${text.normalQuantile}`}
    >
      <PlaceGrid values={values} at={x.at} y={height - 18} ends={[6, height - 32]} />
      <ValueGrid values={values} at={y.at} left={left} right={width - 4} gap={4} />
      <line class="dashed" x1={x.at(-limit)} y1={y.at(-limit)} x2={x.at(limit)} y2={y.at(limit)} />
      {normal.map((value, i) =>
        Number.isFinite(value + z[i]!) ? (
          <circle key={i} class="dot" cx={x.at(value)} cy={y.at(z[i]!)} r={1.6} />
        ) : null,
      )}
      <text x={left + 4} y={15}>
        {text.zQuantile}
      </text>
      <text x={(left + width) / 2} y={height - 3} text-anchor="middle">
        {text.normalQuantile}
      </text>
    </svg>
  );
}
