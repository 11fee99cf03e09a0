import type { Histogram } from '../../src/protocol/tensors';
import { between } from '../base/format/numbers';
import { text } from './text';

const barsWidth = 120;
const barsHeight = 22;

export function Bars({ name, histogram: { edges, counts } }: { name: string; histogram: Histogram }) {
  const most = Math.max(1, ...counts);
  const step = barsWidth / Math.max(1, counts.length);
  const [low = 0, high = 0] = [edges[0], edges.at(-1)];
  const shown = between(low, high);
  const label = text.histogram(name, shown(low), shown(high));
  return (
    <svg
      width={barsWidth}
      height={barsHeight}
      viewBox={`0 0 ${barsWidth} ${barsHeight}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {counts.map((n, index) =>
        n > 0 ? (
          <rect
            key={index}
            class="bar"
            x={index * step}
            width={Math.max(1, step - 0.5)}
            // A bin that holds anything at all can be seen.
            y={barsHeight - Math.max(1, (n / most) * barsHeight)}
            height={Math.max(1, (n / most) * barsHeight)}
          />
        ) : null,
      )}
    </svg>
  );
}
