/** The tab of a run that comes a part at a time: how to begin, how far it is, and what is there. */
import type { ComponentChildren } from 'preact';
import { LinkButton } from '../controls/toolkit';
import { count } from '../format/numbers';
import { words } from '../words';
import { useStore, Message } from './use-store';
import type { Parted } from './parted';

interface PartedTabProps {
  of: Pick<Parted, 'status' | 'cancel'>;
  part: { done: number; total: number } | undefined;
  /** What is counted. */
  unit: string;
  /** Before it is run: what it asks, and what it does. */
  title: string;
  why: ComponentChildren;
  failed: string;
  /** What the whole is of, where it is more than their number. */
  about?: string | undefined;
  /** Choices and the button that begins; absent where it cannot be run. */
  settings: ((run: string) => ComponentChildren) | undefined;
  /** Undefined while there is nothing to show. */
  children: ComponentChildren;
}

export function PartedTab({ of, part, unit, settings, children, ...say }: PartedTabProps) {
  const now = of.status.value;
  const saved = useStore().isSaved;
  if (!children && now.kind !== 'running') {
    if (now.kind === 'failed')
      return (
        <Message title={say.failed} why={now.message} bad>
          {settings?.(words.retry)}
        </Message>
      );
    if (saved) return <Message title={words.notRecordedTitle} why={words.notRunBefore} />;
    return (
      <Message title={say.title} why={say.why}>
        {settings?.(words.start)}
      </Message>
    );
  }
  const far = part ? words.progress(count(part.done), count(part.total), unit) : words.loading;
  return (
    <>
      <div class="ctl flex-wrap">
        {now.kind === 'running' ? (
          <div class="wait-note flex-center" role="status">
            <progress max={part?.total ?? 1} value={part?.done} aria-label={far} />
            <span class="tick">{far}</span>
            <LinkButton onClick={() => of.cancel()}>{words.cancel}</LinkButton>
          </div>
        ) : (
          <>
            {saved ? null : settings?.(words.again)}
            {part ? (
              <span class="tick" role="status">
                {part.done < part.total ? words.shownOf(far) : (say.about ?? far)}
              </span>
            ) : null}
            {now.kind === 'failed' ? <span class="bad">{now.message}</span> : null}
          </>
        )}
      </div>
      {children}
    </>
  );
}
