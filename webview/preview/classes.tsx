/** Classes with the share that each has, drawn in comparison with the most frequent. */
import type { ClassCount, DataPreview } from '../../src/protocol/data';
import { count } from '../base/format/numbers';
import { text } from './text';

const mostListed = 16;

export function ClassList({ classes }: { classes: readonly ClassCount[] }) {
  const most = Math.max(1, ...classes.map(({ examples }) => examples));
  return (
    <ul class="classes tick">
      {classes.map(({ name, examples }) => (
        <li key={name}>
          <span class="value" title={name}>
            {name || text.gap}
          </span>
          <span class="share" aria-hidden="true">
            <span style={{ width: `${(examples / most) * 100}%` }} />
          </span>
          <span class="num">{count(examples)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Classes({ preview, classes }: { preview: DataPreview; classes: readonly ClassCount[] }) {
  const { train, validation, looked } = preview;
  const without = looked - classes.reduce((sum, { examples }) => sum + examples, 0);
  const notes = [
    text.looked(looked, train + validation),
    ...(classes.length > mostListed ? [text.firstFeatures(mostListed, classes.length)] : []),
    ...(without > 0 ? [text.withoutClass(without)] : []),
  ];
  return (
    <section aria-label={text.classesTitle}>
      <h2>
        {text.classesTitle} <span class="tick">{notes.join(', ')}</span>
      </h2>
      <ClassList classes={classes.slice(0, mostListed)} />
    </section>
  );
}
