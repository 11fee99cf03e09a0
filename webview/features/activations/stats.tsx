import type { TensorView } from '../../../src/protocol/tensors';
import { compact, count } from '../../base/format/numbers';
import { words } from '../../base/words';

export function Stats({ tensor }: { tensor: TensorView }) {
  const { stats } = tensor;
  const bad = stats.nan + stats.inf > 0;
  return (
    <dl class="stat">
      <dt>{words.min}</dt>
      <dd>{compact(stats.min)}</dd>
      <dt>{words.mean}</dt>
      <dd>{compact(stats.mean)}</dd>
      <dt>{words.max}</dt>
      <dd>{compact(stats.max)}</dd>
      <dt>{words.nanInf}</dt>
      <dd>
        <span class={bad ? 'bad' : undefined}>{`${count(stats.nan)}, ${count(stats.inf)}`}</span>{' '}
        <span class="muted">{words.of(stats.count)}</span>
      </dd>
    </dl>
  );
}
