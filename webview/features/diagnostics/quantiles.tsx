import { Chart, Dots, Line, Note } from '../../base/charts/chart';
import { finiteExtent } from '../../base/canvas/planes';
import { ticks } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';

/** Quantiles of z against quantiles of a standard normal: on the diagonal when they agree. */
export function Quantiles({ normal, z }: { normal: number[]; z: number[] }) {
  const extent = finiteExtent([...normal, ...z]);
  if (!extent) return <p class="muted">{words.noValues}</p>;
  const limit = Math.max(2.5, Math.abs(extent.low), Math.abs(extent.high)) * 1.05;
  const ends = [-limit, limit];
  const both = {
    ...{ low: -limit, high: limit },
    ticks: (pixels: number) => ticks(-limit, limit, limit > 6 || pixels < 120 ? 2 : 4),
  };
  return (
    <Chart
      label={`${text.isNormal}: ${text.zQuantile}, ${text.normalQuantile}`}
      left={26}
      x={{ ...both, grid: true, title: text.normalQuantile }}
      y={both}
    >
      <Line class="dashed" xs={ends} ys={ends} />
      <Dots xs={normal} ys={z} r={1.6} />
      <Note x={-limit} y={limit} dx={4} dy={9}>
        {text.zQuantile}
      </Note>
    </Chart>
  );
}
