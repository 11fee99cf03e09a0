/** Note about a flow that another library wrote: where it comes from, and what had to be assumed to read it. */
import type { ModelOrigin } from '../../src/protocol/model';
import { LinkButton } from '../base/controls/link-button';
import { Button } from '../base/controls/toolkit';
import { useStore } from '../base/store/use-store';
import { text } from './text';

export function OriginNote({ origin }: { origin: ModelOrigin }) {
  const { connection } = useStore();
  const { library, assumptions, guesses, searched } = origin;
  // The title of a graph says no more than which way it goes.
  const title = library.startsWith('ONNX') ? `${library}, ${origin.title}` : origin.title;
  const change = (): void => void connection.host.command('changeImport');
  return (
    <section class={`origin ${guesses ? 'guessed' : ''}`} aria-label={text.origin}>
      <p>
        {guesses ? <b role="alert">{text.guessed(guesses)} </b> : null}
        {assumptions.length > 0 ? text.fromAssuming(title, assumptions) : text.from(title)}
        {searched ? ` ${text.searched(searched)}` : ''}
      </p>
      {connection.choices ? null : guesses ? (
        <Button primary onClick={change}>
          {text.confirmGuess}
        </Button>
      ) : assumptions.length > 0 ? (
        <LinkButton title={text.changeImportHint} onClick={change}>
          {text.changeImport}
        </LinkButton>
      ) : null}
    </section>
  );
}
