import type { TensorView } from '../../../src/protocol/tensors';
import { compact, count } from '../../base/format/numbers';
import { text } from '../../strings';

export function Stats({ tensor }: { tensor: TensorView }) {
  const { stats } = tensor;
  const bad = stats.nan + stats.inf > 0;
  return (
    <dl class="stat">
      <dt>{text.layer.min}</dt>
      <dd>{compact(stats.min)}</dd>
      <dt>{text.layer.mean}</dt>
      <dd>{compact(stats.mean)}</dd>
      <dt>{text.layer.max}</dt>
      <dd>{compact(stats.max)}</dd>
      <dt>{text.layer.nanInf}</dt>
      <dd>
        <span class={bad ? 'bad' : undefined}>{`${count(stats.nan)}, ${count(stats.inf)}`}</span>{' '}
        <span class="muted">{text.layer.of(stats.count)}</span>
      </dd>
    </dl>
  );
}
