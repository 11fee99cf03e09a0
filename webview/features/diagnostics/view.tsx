/** Where the cost comes from, and whether the flow does what a flow should. */
import type { Diagnostics as DiagnosticsAnswer } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { InverseError } from './inverse-error';
import { Quantiles } from './quantiles';
import { Sized } from '../../base/charts/sized';
import { Button } from '../../base/controls/toolkit';
import { fixed, signed } from '../../base/format/numbers';
import { ready } from '../../base/store/question';
import { useStore } from '../../base/store/use-store';
import { layerPhrase } from '../../base/layers/layer-names';
import { words } from '../../base/words';
import { text } from './text';
import { TakeAway } from '../../base/takeaway/take-away';
import { Asked, Message } from '../../base/store/asked';
import { Findings } from './findings';
import { HowLikely } from './how-likely';
import { LogDets } from './log-dets';
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
  const strip = ready(store.state(stripState).strip.answer.value);
  const first = strip?.firstNonFinite;
  const layer = first && model.layers.find((l) => l.index === first.layer);
  if (first && layer) {
    const title = words.firstNonFinite(layerPhrase(layer));
    return (
      <Message title={title} why={first.cause} bad>
        <Button primary onClick={() => store.selectLayer(layer.index)}>
          {text.goTo(layerPhrase(layer))}
        </Button>
        <Button
          onClick={() =>
            void navigator.clipboard.writeText(`${model.fileName}: ${title}. ${first.cause}`).catch(() => {})
          }
        >
          {text.copyReport}
        </Button>
        {store.connection.choices ? null : (
          <Button onClick={() => void store.connection.host.showLog()}>{words.showLog}</Button>
        )}
      </Message>
    );
  }
  return (
    <>
      <Findings model={model} />
      <Asked
        question={store.state(diagnosticsState).diagnostics}
        skeleton={<Skeleton planar={isPlane(model)} />}
      >
        {(answer) => <Charts model={model} answer={answer} />}
      </Asked>
    </>
  );
}

function Charts({ model, answer }: { model: ModelSummary; answer: DiagnosticsAnswer }) {
  const store = useStore();
  const strip = ready(store.state(stripState).strip.answer.value);
  const bits = answer.unit === 'bits/dim';
  const own = bits ? strip?.example?.bitsPerDim : strip?.example?.nats;
  return (
    <div class={`charts five ${isPlane(model) ? 'planar' : ''}`}>
      <div class="chart">
        <h3>
          <b>{bits ? text.whereBits : text.whereNats}</b>
          <span class="tick">{text.runningSum(answer.unit)}</span>
        </h3>
        <TakeAway
          model={model}
          numbers={() => waterfallNumbers(store)}
          title={bits ? text.whereBits : text.whereNats}
          fileName="waterfall"
          frame=".chart"
        />
        <Waterfall model={model} example={strip?.example} mean={strip?.mean} />
      </div>
      <HowLikely model={model} answer={answer} own={own} />
      <div class="chart by-layer">
        <h3>
          <b>{text.logDets}</b>
          <span class="tick">{text.logDetsNote(answer.logDets[0]?.values.length ?? 0)}</span>
        </h3>
        <TakeAway
          model={model}
          numbers={() => logDetNumbers(store, model)}
          title={text.logDets}
          fileName="log-dets"
          frame=".chart"
        />
        <Sized>
          {(width, height) => (
            <LogDets width={width} height={height} logDets={answer.logDets} selected={store.layer.value} />
          )}
        </Sized>
      </div>
      <div class="chart normal">
        <h3>
          <b>{text.isNormal}</b>
          <span class="tick">
            {text.isNormalNote(fixed(answer.latentStd, 2), signed(answer.latentKurtosis, 1))}
          </span>
        </h3>
        <TakeAway
          model={model}
          numbers={() => quantileNumbers(store)}
          title={text.isNormal}
          fileName="quantiles"
          frame=".chart"
        />
        <Sized>
          {(width, height) => (
            <Quantiles
              width={width}
              height={height}
              normal={answer.latentQuantiles.normal}
              z={answer.latentQuantiles.z}
            />
          )}
        </Sized>
      </div>
      <div class="chart">
        <h3>
          <b>{text.isExact}</b>
          <span class="tick">{text.isExactNote}</span>
        </h3>
        <TakeAway
          model={model}
          numbers={() => inverseNumbers(store, model)}
          title={text.isExact}
          fileName="inverse"
          frame=".chart"
        />
        {answer.noInverse === undefined ? (
          <Sized>
            {(width, height) => (
              <InverseError
                width={width}
                height={height}
                errors={answer.inverseError}
                selected={store.layer.value}
              />
            )}
          </Sized>
        ) : (
          <p class="muted">{answer.noInverse}</p>
        )}
      </div>
    </div>
  );
}
