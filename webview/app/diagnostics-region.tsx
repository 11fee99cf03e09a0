import type { Diagnostics as DiagnosticsAnswer } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import { CompareToggle } from '../features/compare/view';
import { InverseError } from '../features/diagnostics/inverse-error';
import { Quantiles } from '../features/diagnostics/quantiles';
import { Sized } from '../base/charts/sized';
import { TabPanel, Tabs } from '../base/controls/tabs';
import { Button } from '../base/controls/toolkit';
import { count, fixed, signed } from '../base/format/numbers';
import { ready } from '../base/store/question';
import { useStore } from '../base/store/use-store';
import { layerPhrase } from '../base/layers/layer-names';
import { text } from '../strings';
import { TakeAway } from '../base/takeaway/take-away';
import { Asked, Message } from '../base/store/asked';
import { RunTab } from '../features/run/view';
import { ByElement } from '../features/element/view';
import { Findings } from '../features/diagnostics/findings';
import { HowLikely } from '../features/diagnostics/how-likely';
import { Waterfall } from '../features/diagnostics/waterfall';

function Skeleton() {
  return (
    <div class="charts">
      {[0, 1, 2, 3].map((i) => (
        <div key={i} class="skeleton pulse" style={{ minHeight: '160px' }} />
      ))}
    </div>
  );
}

export function DiagnosticsRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  const tab = store.diagnosticsTab.value;
  return (
    <section class="diag" aria-label={text.bar.diagnosticsRegion}>
      <Tabs
        id="diagnostics"
        label={text.bar.diagnosticsRegion}
        tabs={[
          { id: 'diagnostics', text: text.diagnostics.diagnostics },
          {
            id: 'element',
            text: model.kind === 'image' ? text.contribution.byPixel : text.contribution.byFeature,
          },
          { id: 'run', text: text.diagnostics.run },
        ]}
        selected={tab}
        onSelect={(id) => (store.diagnosticsTab.value = id)}
        end={
          <>
            <span class="tick">
              {[...model.splits.map((s) => `${count(s.count)} ${s.name}`), model.backend.library].join(', ')}
            </span>
            <CompareToggle model={model} />
          </>
        }
      />
      <TabPanel id="diagnostics" selected={tab} class={tab === 'diagnostics' ? 'with-findings' : ''}>
        {tab === 'run' ? (
          <RunTab model={model} />
        ) : tab === 'element' ? (
          <ByElement model={model} />
        ) : (
          <DiagnosticsTab model={model} />
        )}
      </TabPanel>
    </section>
  );
}

function DiagnosticsTab({ model }: { model: ModelSummary }) {
  const store = useStore();
  const strip = ready(store.strip.answer.value);
  const first = strip?.firstNonFinite;
  const layer = first && model.layers.find((l) => l.index === first.layer);
  if (first && layer) {
    const title = text.diagnostics.firstNonFinite(layerPhrase(layer));
    return (
      <Message title={title} why={first.cause} bad>
        <Button primary onClick={() => store.selectLayer(layer.index)}>
          {text.diagnostics.goTo(layerPhrase(layer))}
        </Button>
        <Button
          onClick={() =>
            void navigator.clipboard.writeText(`${model.fileName}: ${title}. ${first.cause}`).catch(() => {})
          }
        >
          {text.diagnostics.copyReport}
        </Button>
        {store.connection.choices ? null : (
          <Button onClick={() => void store.connection.host.showLog()}>{text.states.showLog}</Button>
        )}
      </Message>
    );
  }
  return (
    <>
      <Findings model={model} />
      <Asked question={store.diagnostics} skeleton={<Skeleton />}>
        {(answer) => <Charts model={model} answer={answer} />}
      </Asked>
    </>
  );
}

function Charts({ model, answer }: { model: ModelSummary; answer: DiagnosticsAnswer }) {
  const store = useStore();
  const strip = ready(store.strip.answer.value);
  const bits = answer.unit === 'bits/dim';
  const own = bits ? strip?.example?.bitsPerDim : strip?.example?.nats;
  return (
    <div class="charts">
      <div class="chart">
        <h3>
          <b>{bits ? text.diagnostics.whereBits : text.diagnostics.whereNats}</b>
          <span class="tick">{text.diagnostics.runningSum(answer.unit)}</span>
        </h3>
        <TakeAway
          model={model}
          view="waterfall"
          title={bits ? text.diagnostics.whereBits : text.diagnostics.whereNats}
          fileName="waterfall"
          frame=".chart"
        />
        <Waterfall model={model} example={strip?.example} mean={strip?.mean} />
      </div>
      <HowLikely model={model} answer={answer} own={own} />
      <div class="chart">
        <h3>
          <b>{text.diagnostics.isNormal}</b>
          <span class="tick">
            {text.diagnostics.isNormalNote(fixed(answer.latentStd, 2), signed(answer.latentKurtosis, 1))}
          </span>
        </h3>
        <TakeAway
          model={model}
          view="quantiles"
          title={text.diagnostics.isNormal}
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
          <b>{text.diagnostics.isExact}</b>
          <span class="tick">{text.diagnostics.isExactNote}</span>
        </h3>
        <TakeAway
          model={model}
          view="inverse"
          title={text.diagnostics.isExact}
          fileName="inverse"
          frame=".chart"
        />
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
      </div>
    </div>
  );
}
