/** How views use the store: hooks, and the loading, empty and failed states of what they ask for. */
import { createContext, type ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { StateDefinition, Store, Question } from './store';
import { Button, LinkButton } from '../controls/toolkit';
import { words } from '../words';

export const StoreContext = createContext<Store | undefined>(undefined);

export function useStore(): Store {
  const store = useContext(StoreContext);
  if (!store) throw new Error('The page has no store.');
  return store;
}

export function useFeature<S>(definition: StateDefinition<S>): S {
  return useStore().state(definition);
}

interface MessageProps {
  title: string;
  why?: ComponentChildren;
  bad?: boolean;
  children?: ComponentChildren;
}

export function Message({ title, why, bad, children }: MessageProps) {
  return (
    <div class="state" role={bad ? 'alert' : undefined}>
      <h3 class={bad ? 'bad' : undefined}>{title}</h3>
      {why ? <p>{why}</p> : null}
      {children ? <div class="row">{children}</div> : null}
    </div>
  );
}

interface AnswerViewProps<T> {
  question: Question<T>;
  /** Content of the box while nothing is known yet, or its height, px; frames keep the size of the ready view. */
  skeleton?: ComponentChildren;
  /** Instead of nothing, while the question is not asked. */
  idle?: ComponentChildren;
  failedTitle?: string;
  /** Why it takes long, where it does. */
  longBecause?: string | undefined;
  children(value: T): ComponentChildren;
}

/** Draws the answer of a question, or the state that it is in. */
export function AnswerView<T>({
  question,
  skeleton,
  idle,
  failedTitle,
  longBecause,
  children,
}: AnswerViewProps<T>) {
  const store = useStore();
  const answer = question.answer.value;
  if (answer.status === 'ready') return <>{children(answer.value)}</>;
  if (answer.status === 'idle') return <>{idle ?? null}</>;
  if (answer.status === 'loading') {
    const note = (
      <div class="wait-note flex-center">
        <span class="progress pulse" />
        <span class="tick">{words.loading}</span>
        <LinkButton onClick={() => question.cancel()}>{words.cancel}</LinkButton>
      </div>
    );
    // What was there stays in its place, dimmed, so that nothing moves until its successor is there.
    if (answer.previous !== undefined)
      return (
        <div class="stale" aria-busy="true">
          {answer.slow ? note : null}
          {children(answer.previous)}
        </div>
      );
    return (
      <div class="waiting flex-column" aria-busy="true">
        {note}
        {longBecause ? <p class="tick">{longBecause}</p> : null}
        {skeleton ?? <div class="skeleton fill" />}
      </div>
    );
  }
  if (answer.reason === 'cancelled')
    return (
      <Message title={words.cancelled} why={words.cancelledWhy}>
        <Button onClick={() => question.retry()}>{words.retry}</Button>
      </Message>
    );
  if (answer.reason === 'noAnswer')
    return <Message title={failedTitle ?? words.failed} why={answer.message} bad />;
  if (answer.reason === 'notRecorded') return <Message title={words.notRecordedTitle} why={answer.message} />;
  return (
    <Message title={failedTitle ?? words.failed} why={answer.message} bad>
      <Button primary onClick={() => question.retry()}>
        {words.retry}
      </Button>
      {store.isSaved ? null : (
        <Button onClick={() => void store.connection.host.showLog()}>{words.showLog}</Button>
      )}
    </Message>
  );
}
