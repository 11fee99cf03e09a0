import type { Histogram } from '../../src/protocol/tensors';
import { bare, Bars as Marks, Plot } from '../base/charts/chart';
import { between } from '../base/format/numbers';
import { text } from './text';

const size = { width: 120, height: 22 };

export function Bars({ name, histogram: { edges, counts } }: { name: string; histogram: Histogram }) {
  const [low = 0, high = 0] = [edges[0], edges.at(-1)];
  const shown = between(low, high);
  return (
    <Plot
      {...{ ...size, ...bare }}
      label={text.histogram(name, shown(low), shown(high))}
      x={{ low: 0, high: counts.length }}
      y={{ low: 0, high: Math.max(1, ...counts) }}
    >
      {/* A bin that holds anything at all can be seen. */}
      <Marks values={counts} from={(i) => i} least={1} />
    </Plot>
  );
}
