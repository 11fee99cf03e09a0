/** The selected layer, seen in five (for planes six) ways. */
import type { ModelSummary } from '../../src/protocol/model';
import { hasJacobian, isCoupling } from '../../src/protocol/questions';
import { TabPanel, Tabs } from '../base/controls/tabs';
import { tabsOf } from '../base/store/store';
import { useStore } from '../base/store/use-store';
import { layerTitle } from '../base/layers/layer-names';
import { text } from '../strings';
import { TakeAway } from '../base/takeaway/take-away';
import { Asked, Message } from '../base/store/asked';
import { Activations } from '../features/activations/view';
import { JacobianTab } from '../features/jacobian/view';
import { LogDetTab } from '../features/logdet/view';
import { MaskTab } from '../features/mask/view';
import { NetworkTab } from '../features/network/view';
import { PlaneTab } from '../features/plane/view';

function MapSkeleton() {
  return (
    <div class="maps">
      {[0, 1, 2, 3].map((i) => (
        <div class="map" key={i}>
          <h3>&nbsp;</h3>
          <div class="skeleton pulse" style={{ width: '128px', height: '128px' }} />
          <div class="skeleton" style={{ width: '128px', height: '60px', marginTop: '8px' }} />
        </div>
      ))}
    </div>
  );
}

export function LayerRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  const layer = store.layerInfo();
  const tabs = tabsOf(model);
  const tab = store.tab.value;
  if (!layer) return <section class="layer" aria-label={text.bar.layer} />;
  return (
    <section class="layer" aria-label={text.bar.layer}>
      <div class="head" title={`${layer.name}, ${text.layers.layerDescription(layer)}`}>
        <h2>{layerTitle(layer)}</h2>
        <span class="muted">{text.layers.layerDescription(layer)}</span>
        <span class="muted mono path">{layer.name}</span>
      </div>
      <Tabs
        id="layer"
        label={text.bar.layer}
        tabs={tabs.map((id) => ({ id, text: text.layer.tabs[id] }))}
        selected={tab}
        onSelect={(id) => (store.tab.value = id)}
        end={
          <TakeAway
            model={model}
            view="layer"
            title={`${layerTitle(layer)}, ${text.layer.tabs[tab]}`}
            fileName={`${layer.name}-${tab}`}
            frame=".layer"
            content=".panel"
          />
        }
      />
      <TabPanel id="layer" selected={tab} class={tab === 'plane' ? 'plane-panel' : ''}>
        {tab === 'plane' ? (
          <Asked question={store.plane}>{(plane) => <PlaneTab model={model} view={plane} />}</Asked>
        ) : tab === 'activations' ? (
          <Asked question={store.shownLayer} skeleton={<MapSkeleton />}>
            {(found) => <Activations model={model} layer={layer} view={found} />}
          </Asked>
        ) : tab === 'mask' ? (
          isCoupling(layer) ? (
            <Asked question={store.mask} skeleton={<MapSkeleton />}>
              {(found) => <MaskTab model={model} layer={layer} view={found} />}
            </Asked>
          ) : (
            <Message title={text.layer.noMask} why={text.layer.noMaskWhy} />
          )
        ) : tab === 'logdet' ? (
          <Asked question={store.layerView} skeleton={<MapSkeleton />}>
            {(found) => <LogDetTab model={model} layer={layer} view={found} />}
          </Asked>
        ) : tab === 'jacobian' ? (
          hasJacobian(layer) ? (
            <Asked
              question={store.layerTabs.jacobian}
              skeleton={<MapSkeleton />}
              failedTitle={text.jacobian.noJacobianHere}
            >
              {(found) => <JacobianTab model={model} layer={layer} view={found} />}
            </Asked>
          ) : (
            <Message title={text.jacobian.noJacobian} why={text.jacobian.noJacobianWhy} />
          )
        ) : (
          <Asked question={store.network}>{(found) => <NetworkTab layer={layer} view={found} />}</Asked>
        )}
      </TabPanel>
    </section>
  );
}
