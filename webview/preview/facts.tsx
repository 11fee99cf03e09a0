import type { DataPreview } from '../../src/protocol/data';
import { alike, count } from '../base/format/numbers';
import { words } from '../base/words';
import { text } from './text';

function shapeOf({ kind, shape }: DataPreview): string {
  const [first = 0, width = 0, channels = 0] = shape;
  return kind === 'image' ? text.image(first, width, channels) : text.vector(first);
}

export function Facts({ preview }: { preview: DataPreview }) {
  const { train, validation, range, looked, levels, warnings } = preview;
  const [low, high] = range;
  const shown = alike(range);
  return (
    <section aria-label={text.facts}>
      <dl class="facts-list flex-wrap labeled">
        <div>
          <dt>{words.examples}</dt>
          <dd>{count(train + validation)}</dd>
          <dd class="muted">{text.split(train, validation)}</dd>
        </div>
        <div>
          <dt>{text.shape}</dt>
          <dd>{shapeOf(preview)}</dd>
          {levels === undefined ? null : <dd class="muted">{text.levels(levels)}</dd>}
        </div>
        <div>
          <dt>{text.range}</dt>
          <dd>{levels === undefined ? `${shown(low)} … ${shown(high)}` : `${low} … ${high}`}</dd>
          <dd class="muted">{text.looked(looked, train + validation)}</dd>
        </div>
      </dl>
      <Warnings warnings={warnings} />
    </section>
  );
}

export function Warnings({ warnings }: Pick<DataPreview, 'warnings'>) {
  if (warnings.length === 0) return <p class="muted">{text.noWarnings}</p>;
  return (
    <div class="why" role="note">
      <h2>{text.warnings(warnings.length)}</h2>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </div>
  );
}
