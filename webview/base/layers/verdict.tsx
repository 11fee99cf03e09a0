import type { Sign } from '../../../src/protocol/signs';
import { words } from '../words';

type Mark = Sign['mark'];

/** The sign says it; color only repeats it. */
export function VerdictMark({ mark }: { mark: Mark }) {
  return (
    <i class={`verdict-mark ${mark}`} role="img" aria-label={words.marks[mark]}>
      {{ ok: '✓', notice: '!', error: '✕', unknown: '–' }[mark]}
    </i>
  );
}

/** The sentence that a view begins with: what is to be seen in it, with its numbers. */
export function Verdict({ mark, children }: { mark: Mark; children: string }) {
  return (
    <p class="view-verdict">
      <VerdictMark mark={mark} />
      <span>{children}</span>
    </p>
  );
}
