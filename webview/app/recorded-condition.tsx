/** What the flow was given with the example of a recording: it can be read, and not be changed. */
import { fixed } from '../base/format/numbers';
import { stripState } from '../base/store/strip-state';
import { useStore } from '../base/store/use-store';
import { text } from './text';

/** Values to show; an embedding may have thousands. */
const mostShown = 32;

export function RecordedCondition({ names }: { names: readonly string[] }) {
  const values = useStore().state(stripState).shownStrip.found.value?.context;
  const more = names.length - mostShown;
  return (
    <div class="pair context" role="group" aria-label={text.condition}>
      <span>{text.recordedCondition}</span>
      {/* Many scroll, which a keyboard does as well. */}
      <span class="context-numbers flex-wrap" tabIndex={0} role="list" aria-label={text.recordedCondition}>
        {names.slice(0, mostShown).map((name, i) => (
          <span key={name} role="listitem" class="pair tight" data-context={name}>
            <span title={name} class="context-name ellipsis muted">
              {name}
            </span>
            <span class="num">{fixed(values?.[i], 3)}</span>
          </span>
        ))}
        {more > 0 ? <span class="muted">{text.moreNumbers(more)}</span> : null}
      </span>
    </div>
  );
}
