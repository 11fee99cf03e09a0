/** What the model makes: samples, and what it makes of examples. */
import type { ModelSummary } from '../../src/protocol/model';
import { useStore } from '../base/store/use-store';
import { TakeAway } from '../base/takeaway/take-away';
import { DockRegion } from './dock-region';
import { text } from './text';

export function GalleryRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  return (
    <DockRegion
      region="gallery"
      class="gallery"
      label={text.gallery}
      model={model}
      end={(open) => (
        <TakeAway
          model={model}
          numbers={() => open.numbers?.(store, model) ?? {}}
          about="samples"
          title={open.title(model)}
          fileName={open.id}
          frame=".gallery"
          content=".panel"
        />
      )}
    />
  );
}
