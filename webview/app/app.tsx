/** The page: one selection at the top, regions below. */
import { useEffect, useState, useRef } from 'preact/hooks';
import type { ModelSummary, ModelOrigin, RecordingInfo } from '../../src/protocol/model';
import { isPlane } from '../../src/protocol/questions';
import { panelsState } from './panels-state';
import { GalleryRegion, DiagnosticsRegion, LayerRegion, useTurns } from './dock-region';
import type { RegionFeature, Store } from '../base/store/store';
import { StoreContext, useFeature, useStore, AnswerView } from '../base/store/use-store';
import { text } from './text';
import { LiveStatus } from './live-status';
import { GoneNote, goneState } from './gone-note';
import { Bar } from './bar';
import { DropTarget } from './example-file';
import { handleKey } from './keys';
import { runState, type RunData } from '../base/store/run-state';
import { compareState } from '../features/compare/state';
import { titleOf } from '../base/model-title';
import { Button, LinkButton } from '../base/controls/toolkit';
import { helpState } from './help-state';
import { saferTraining } from '../../src/config/safer-training';
import type { NotFinite } from '../../src/protocol/run';
import { decimal } from '../base/format/numbers';
import { layerTitle } from '../base/layers/layer-names';

export function App({ store }: { store: Store }) {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => handleKey(store, event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [store]);
  return (
    <StoreContext.Provider value={store}>
      <Opened store={store} />
      <Help />
    </StoreContext.Provider>
  );
}

function Opened({ store }: { store: Store }) {
  const model = store.model.value;
  if (model) return <Regions model={model} />;
  return (
    <div class="page">
      <div class="bar" />
      <main class="whole">
        <AnswerView question={store.summary} failedTitle={text.modelFailed}>
          {() => null}
        </AnswerView>
      </main>
    </div>
  );
}

function Regions({ model }: { model: ModelSummary }) {
  const gone = useFeature(goneState).value;
  const { live } = useStore().connection;
  if (!model.runnable)
    return (
      <div class="page plain">
        {gone ? <GoneNote /> : null}
        <Bar model={model} />
        <Region name="file" model={model} />
      </div>
    );
  return live && model.recording ? (
    <div class="framed">
      <Inspected model={model} live />
      <LiveStatus flow={live} recording={model.recording} step={model.step} />
    </div>
  ) : (
    <Inspected model={model} live={false} />
  );
}

/** @param live whether a line below says what the numbers are of */
function Inspected({ model, live }: { model: ModelSummary; live: boolean }) {
  const comparing = useFeature(compareState).path.value !== undefined;
  // Layers first: they are what one looks at, and the other two are as much work again.
  const painted = useAfterPaint();
  const page = useTurns();
  const gone = useFeature(goneState).value;
  const filled = useFeature(panelsState).filled.value;
  const run = useFeature(runState).run.data.value;
  const failed = !gone && run?.status === 'failed';
  const origin = gone || failed ? undefined : model.origin;
  const recording = gone ? undefined : model.recording;
  return (
    <main class={`page ${isPlane(model) ? 'plane-page' : ''} ${filled ? 'filled' : ''}`} ref={page}>
      <DropTarget />
      {gone ? <GoneNote /> : null}
      {failed ? <FailedNote model={model} run={run} /> : null}
      {origin ? <OriginNote origin={origin} /> : null}
      {recording && !live ? <RecordingNote recording={recording} title={titleOf(model)} /> : null}
      <Bar model={model} />
      {comparing ? (
        <Region name="compare" model={model} />
      ) : (
        <>
          <Region name="strip" model={model} />
          <LayerRegion model={model} />
          {painted ? <GalleryRegion model={model} /> : <div class="gallery" />}
          {painted ? <DiagnosticsRegion model={model} /> : <div class="diag" />}
        </>
      )}
    </main>
  );
}

/** A region without tabs, which one feature fills. */
function Region({ name, model }: { name: RegionFeature['region']; model: ModelSummary }) {
  const [feature] = useStore().featuresIn(name, model);
  return feature ? <feature.View model={model} /> : null;
}

/** False until what the component drew first is on the screen: for what may come a moment later, so that the rest is sooner. */
function useAfterPaint(): boolean {
  const [painted, setPainted] = useState(false);
  useEffect(() => {
    let timer = 0;
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        timer = window.setTimeout(() => setPainted(true));
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return painted;
}

function Help() {
  const store = useStore();
  const dialog = useRef<HTMLDialogElement>(null);
  const open = store.state(helpState).value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog
      class="dialog"
      ref={dialog}
      aria-label={text.keys}
      onClose={() => (store.state(helpState).value = false)}
    >
      <h2>{text.keys}</h2>
      <dl>
        {text.keyList.map(([key, what]) => (
          <>
            <dt key={key}>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <Button onClick={() => (store.state(helpState).value = false)}>{text.close}</Button>
    </dialog>
  );
}

/** About a training that failed: what happened at which step, and what to try. */
function FailedNote({ model, run }: { model: ModelSummary; run: RunData }) {
  const { host, choices } = useStore().connection;
  const failure = run.notFinite;
  const now = run.training;
  const next = failure && now && saferTraining(now);
  return (
    <section class="origin failed-run" role="alert" data-failed>
      <p>
        <b>{failure ? text.failedAt(failure.step, named(model, failure)) : text.failed(run.message ?? '')}</b>{' '}
        {next
          ? text.tryNext(
              ...([now, next].flatMap((t) => [
                decimal(String(t.learningRate)),
                decimal(String(t.clipNorm)),
              ]) as Four),
            )
          : ''}
      </p>
      {next && !choices ? (
        <Button primary onClick={() => void host.command('trainAgain')}>
          {text.trainAgain}
        </Button>
      ) : null}
    </section>
  );
}

type Four = [string, string, string, string];

/** With the page's own name of the layer: trainings know it by that of its parameters. */
function named(model: ModelSummary, { where, layer }: NotFinite): string {
  const found = model.layers.find(({ name }) => name === layer);
  return found ? where.replace(`layer ${found.name}`, layerTitle(found, model)) : where;
}

/** About a flow that another library wrote: where it comes from, and what had to be assumed to read it. */
function OriginNote({ origin }: { origin: ModelOrigin }) {
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

/** About a recording: what it is, what it holds, and what cannot be asked of it. */
function RecordingNote({ recording, title }: { recording: RecordingInfo; title: string }) {
  const { notes } = recording;
  return (
    <section class="origin" aria-label={text.recording}>
      <p title={[text.recordingHint, text.recordingHolds, ...notes].join('\n')}>
        {text.recorded(title, recording)} {recording.field ? `${text.solved(recording.field)} ` : ''}
        {text.recordingHint} {text.recordingHolds}
        {notes.length > 0 ? <span class="muted">{` ${notes.join('; ')}.`}</span> : null}
      </p>
    </section>
  );
}
