/** Where the cost comes from, and whether the flow does what a flow should. */
import type { Diagnostics as DiagnosticsAnswer } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { Button } from '../../base/controls/toolkit';
import { fixed, signed, shortened } from '../../base/format/numbers';
import { useStore, AnswerView, Message } from '../../base/store/use-store';
import { layerPhrase } from '../../base/layers/layer-names';
import { ChartBox } from '../../base/takeaway/chart-box';
import { stripState } from '../../base/store/strip-state';
import { Distribution } from '../../base/charts/distribution';
import { Scoring } from '../../base/examples/scoring';
import { shareBelow, populationState } from '../../base/store/population-state';
import { splitName } from '../../base/split-name';
import { diagnosticsState } from './state';
import { Quantiles, InverseError, LogDets } from './charts';
import { text } from './text';
import { Findings } from './findings';
import { Waterfall } from './waterfall';
import {
  inverseNumbers,
  logDetNumbers,
  quantileNumbers,
  waterfallNumbers,
  distributionNumbers,
} from './numbers';
import './style.css';

export const diagnostics: RegionFeature = {
  id: 'diagnostics',
  region: 'diagnostics',
  title: () => words.diagnostics,
  panel: 'with-findings flex-column',
  state: diagnosticsState,
  View: DiagnosticsTab,
};

/** As many places as there are charts. */
function Skeleton({ planar }: { planar: boolean }) {
  return (
    <div class={`charts five ${planar ? 'planar' : ''}`}>
      {['', '', 'by-layer', 'normal', ''].map((name, i) => (
        <div key={i} class={`skeleton pulse ${name}`} style={{ minHeight: '160px' }} />
      ))}
    </div>
  );
}

function DiagnosticsTab({ model }: { model: ModelSummary }) {
  const store = useStore();
  const strip = store.state(stripState).strip.found.value;
  const first = strip?.firstNonFinite;
  const layer = first && model.layers.find((l) => l.index === first.layer);
  if (first && layer) {
    const title = words.firstNonFinite(layerPhrase(layer, model));
    return (
      <Message title={title} why={first.cause} bad>
        <Button primary onClick={() => store.selectLayer(layer.index)}>
          {text.goTo(layerPhrase(layer, model))}
        </Button>
        <Button
          onClick={() =>
            void navigator.clipboard.writeText(`${model.fileName}: ${title}. ${first.cause}`).catch(() => {})
          }
        >
          {text.copyReport}
        </Button>
        {store.isSaved ? null : (
          <Button onClick={() => void store.connection.host.showLog()}>{words.showLog}</Button>
        )}
      </Message>
    );
  }
  return (
    <>
      <AnswerView
        question={store.state(diagnosticsState).diagnostics}
        skeleton={<Skeleton planar={isPlane(model)} />}
      >
        {(answer) => <Charts model={model} answer={answer} />}
      </AnswerView>
      <Findings model={model} />
    </>
  );
}

function Charts({ model, answer }: { model: ModelSummary; answer: DiagnosticsAnswer }) {
  const store = useStore();
  const strip = store.state(stripState).strip.found.value;
  const bits = answer.unit === 'bits/dim';
  const layers = { model, selected: store.layer.value };
  const examples = answer.logDets[0]?.values.length ?? 0;
  return (
    <div class={`charts five ${isPlane(model) ? 'planar' : ''}`}>
      <ChartBox
        model={model}
        title={bits ? text.whereBits : text.whereNats}
        note={text.runningSum(answer.unit)}
        numbers={() => waterfallNumbers(store)}
        fileName="waterfall"
      >
        <Waterfall model={model} example={strip?.example} mean={strip?.mean} count={examples} />
      </ChartBox>
      <HowLikely model={model} answer={answer} />
      <ChartBox
        model={model}
        name="by-layer"
        title={text.logDets}
        note={text.logDetsNote(examples)}
        numbers={() => logDetNumbers(store, model)}
        fileName="log-dets"
      >
        <LogDets {...layers} logDets={answer.logDets} />
      </ChartBox>
      <ChartBox
        model={model}
        name="normal"
        title={model.base ? text.isOfBase : text.isNormal}
        note={text.isNormalNote(fixed(answer.latentStd, 2), signed(answer.latentKurtosis, 1))}
        numbers={() => quantileNumbers(store)}
        fileName="quantiles"
      >
        <Quantiles {...answer.latentQuantiles} />
      </ChartBox>
      <ChartBox
        model={model}
        title={text.isExact}
        note={text.isExactNote}
        numbers={() => inverseNumbers(store, model)}
        fileName="inverse"
      >
        {answer.noInverse === undefined ? (
          <InverseError {...layers} errors={answer.inverseError} />
        ) : (
          <p class="muted">{answer.noInverse}</p>
        )}
      </ChartBox>
    </div>
  );
}

function HowLikely({ model, answer }: { model: ModelSummary; answer: DiagnosticsAnswer }) {
  const store = useStore();
  const example = store.state(stripState).strip.found.value?.example;
  const exampleScore = answer.unit === 'bits/dim' ? example?.bitsPerDim : example?.nats;
  const compared = store.state(populationState).userScores.value;
  const name = compared && shortened(compared.name, 10);
  const data = answer.train !== undefined || answer.validation !== undefined;
  // Which part is drawn how; then, on a line of its own, where the example is among them.
  const running = compared && store.mode.value === 'train' ? ` ${text.byRunning}` : '';
  const note = [
    ...(data ? [] : [text.howLikelyOfSamples]),
    ...(answer.train ? [text.howLikelyLine] : []),
    ...(answer.validation ? [text.howLikelyFill(splitName(model, 'validation'))] : []),
    ...(name ? [text.comparedWith(name) + running] : []),
  ].join(', ');
  const shares = [
    { name: splitName(model, 'validation'), share: shareBelow(answer.validation, exampleScore) },
    { name: 'train', share: shareBelow(answer.train, exampleScore) },
    ...(data ? [] : [{ name: text.theSamples, share: shareBelow(answer.samples, exampleScore) }]),
    ...(name ? [{ name, share: shareBelow(compared.scores, exampleScore) }] : []),
  ].flatMap(({ name: of, share }) => (share === undefined ? [] : [{ name: of, share }]));
  const sentence = shares.length > 0 ? text.lessLikelyThan(shares) : undefined;
  return (
    <ChartBox
      {...{ model, note: <span title={note}>{note}</span> }}
      name="how-likely"
      title={text.howLikely}
      numbers={() => distributionNumbers(store)}
      fileName="distribution"
    >
      {compared?.status === 'scoring' ? (
        <Scoring population={compared} />
      ) : (
        <p class="tick rank" data-rank title={sentence}>
          {compared?.status === 'failed' ? (
            <span class="bad" title={compared.message}>
              {words.notScored(compared.name)}
            </span>
          ) : (
            sentence
          )}
        </p>
      )}
      <Distribution
        values={answer.validation ?? (data ? undefined : answer.samples)}
        outline={answer.train}
        dashed={compared?.scores}
        marked={exampleScore === undefined ? undefined : { value: exampleScore, text: words.this }}
        unit={text.howLikelyAxis(answer.unit)}
        label={[
          `${text.howLikely}: ${exampleScore === undefined ? '' : `log p(x) ${fixed(-exampleScore, 2)}`} ${answer.unit}`,
          ...(sentence ? [sentence] : []),
        ].join('. ')}
        negated
      />
    </ChartBox>
  );
}
