/** Where the cost comes from, and whether the flow does what a flow should. */
import type { Diagnostics as DiagnosticsAnswer } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { Quantiles, InverseError, LogDets } from './charts';
import { Button } from '../../base/controls/toolkit';
import { fixed, signed } from '../../base/format/numbers';
import { useStore, Asked, Message } from '../../base/store/use-store';
import { layerPhrase } from '../../base/layers/layer-names';
import { words } from '../../base/words';
import { text } from './text';
import { ChartBox } from '../../base/takeaway/chart-box';
import { Findings } from './findings';
import { HowLikely } from './how-likely';
import { Waterfall } from './waterfall';
import { stripState } from '../../base/store/strip-state';
import { diagnosticsState } from './state';
import { inverseNumbers, logDetNumbers, quantileNumbers, waterfallNumbers } from './numbers';

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

export function DiagnosticsTab({ model }: { model: ModelSummary }) {
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
      <Asked
        question={store.state(diagnosticsState).diagnostics}
        skeleton={<Skeleton planar={isPlane(model)} />}
      >
        {(answer) => <Charts model={model} answer={answer} />}
      </Asked>
      <Findings model={model} />
    </>
  );
}

function Charts({ model, answer }: { model: ModelSummary; answer: DiagnosticsAnswer }) {
  const store = useStore();
  const strip = store.state(stripState).strip.found.value;
  const bits = answer.unit === 'bits/dim';
  const own = bits ? strip?.example?.bitsPerDim : strip?.example?.nats;
  const layers = { model, selected: store.layer.value };
  return (
    <div class={`charts five ${isPlane(model) ? 'planar' : ''}`}>
      <ChartBox
        model={model}
        title={bits ? text.whereBits : text.whereNats}
        note={text.runningSum(answer.unit)}
        numbers={() => waterfallNumbers(store)}
        fileName="waterfall"
      >
        <Waterfall model={model} example={strip?.example} mean={strip?.mean} />
      </ChartBox>
      <HowLikely model={model} answer={answer} own={own} />
      <ChartBox
        model={model}
        name="by-layer"
        title={text.logDets}
        note={text.logDetsNote(answer.logDets[0]?.values.length ?? 0)}
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
