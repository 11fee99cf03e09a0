/** Note about a flow that another library wrote: where it comes from, and what had to be assumed to read it. */
import type { ModelOrigin } from '../../src/protocol/model';
import { useStore } from '../base/store/use-store';
import { text } from './text';

export function OriginNote({ origin }: { origin: ModelOrigin }) {
  const { connection } = useStore();
  const { library, assumptions, searched } = origin;
  // The title of a graph says no more than which way it goes.
  const title = library.startsWith('ONNX') ? `${library}, ${origin.title}` : origin.title;
  return (
    <section class="origin" aria-label={text.origin}>
      <p>
        {assumptions.length > 0 ? text.fromAssuming(title, assumptions) : text.from(title)}
        {searched ? ` ${text.searched(searched)}` : ''}
      </p>
      {assumptions.length > 0 && !connection.choices ? (
        <button
          type="button"
          class="linklike"
          title={text.changeImportHint}
          onClick={() => void connection.host.command('changeImport')}
        >
          {text.changeImport}
        </button>
      ) : null}
    </section>
  );
}
