/** Which elements the coupling's network reads, and which it moves: at this scale and over the picture. */
import { isCoupling } from '../../../src/protocol/questions';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import type { MaskView } from '../../../src/protocol/inspect';
import { featureName } from '../../base/layers/layer-names';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { places, type ViewData } from '../../base/view-data/view-data';
import { grayScale, maskColors, type ColorScale } from '../../base/canvas/color-maps';
import { planesOf, type Plane } from '../../base/canvas/planes';
import { fixed } from '../../base/format/numbers';
import { useFeature } from '../../base/store/use-store';
import { maskScale } from '../../base/layers/thumbnails';
import { DataTable } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { HeatMap } from '../../base/canvas/canvas';
import { PlaneGrid } from '../../base/canvas/plane-grid';
import { stripState } from '../../base/store/strip-state';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import './style.css';

function maskNumbers(view: MaskView): ViewData {
  return {
    columns: [...places(view.inImage.shape), { name: 'read', values: view.inImage.data }],
    arrays: { mask: view.mask, in_image: view.inImage },
  };
}

function whyNone({ order }: LayerInfo, model: ModelSummary): string {
  if (!order) return text.noMaskWhy;
  const shown = order.slice(0, 12).map((feature) => featureName(model, feature));
  return text.inOrder([...shown, ...(order.length > shown.length ? ['…'] : [])].join(', '));
}

export const mask = questionTab({
  id: 'mask',
  title: () => text.tab,
  missing: (layer, model) =>
    isCoupling(layer) ? undefined : { title: text.noMask, why: whyNone(layer, model) },
  method: 'mask',
  query: (layer) => isCoupling(layer) && { layer: layer.index },
  Tab: MaskTab,
  numbers: maskNumbers,
});

const size = 144;

const rgb = (color: readonly number[]): string => `rgb(${color.join(',')})`;

const readsNote = ({ mask: { data } }: MaskView): string =>
  text.maskHereNote(data.filter((value) => value > 0.5).length, data.length);

function MaskTab({ model, layer, view }: LayerTabProps<MaskView>) {
  const strip = useFeature(stripState).strip.found.value;
  if (model.kind !== 'image') return <VectorMask model={model} view={view} />;
  const planes = planesOf(view.mask, 16);
  // Colors may be masked differently once a squeeze has made channels of them.
  const inImages = planesOf(view.inImage, 4);
  const inImage = inImages[0]!;
  const input = strip?.input ? planesOf(strip.input)[0] : undefined;
  const fits = input !== undefined && input.width === inImage.width && input.height === inImage.height;
  const maps = (of: readonly Plane[]) => ({
    planes: of,
    scale: maskScale,
    size,
    hatched: (i: number, c: number): boolean => Number.isNaN(of[c]!.values[i]),
  });
  const gray = (): ColorScale => grayScale((model.levels ?? 256) - 1);
  return (
    <>
      <div class="panels" data-layer-name={layer.name}>
        <div class="box">
          <Heading title={text.maskHere} note={readsNote(view)} />
          <PlaneGrid
            {...maps(planes)}
            label={(c) => `${words.mask}, ${words.channel} ${c}`}
            name={(c) => `mask[${c}]`}
          />
        </div>
        <div class="box">
          <Heading title={text.maskInImage} note={words.maskInImageNote} />
          <PlaneGrid
            {...maps(inImages)}
            label={(c) =>
              inImages.length > 1 ? `${text.maskInImage}, ${words.channel} ${c}` : text.maskInImage
            }
            name={(c) => (c === 0 ? 'mask-in-image' : `mask-in-image[${c}]`)}
          />
        </div>
        {fits
          ? [
              { title: text.read, note: text.readNote, name: 'read', shows: (value: number) => value > 0.5 },
              {
                title: text.moves,
                note: text.movesNote,
                name: 'moves',
                shows: (value: number) => value <= 0.5,
              },
            ].map(({ title, note, name, shows }) => (
              <div class="box" key={name}>
                <Heading title={title} note={note} />
                <HeatMap
                  plane={input}
                  scale={gray}
                  size={size}
                  label={title}
                  name={name}
                  hatched={(i) => !shows(inImage.values[i]!)}
                />
              </div>
            ))
          : null}
      </div>
      <p class="keyline flex-wrap tick">
        <span>
          <i style={{ background: rgb(maskColors.moves) }} />
          {text.keyMoves}
        </span>
        <span>
          <i style={{ background: rgb(maskColors.reads) }} />
          {text.keyReads}
        </span>
        {inImage.values.some(Number.isNaN) ? (
          <span>
            <i class="hatched-cell" />
            {text.keyGone}
          </span>
        ) : null}
      </p>
    </>
  );
}

function VectorMask({ model, view }: { model: ModelSummary; view: MaskView }) {
  const input = useFeature(stripState).strip.found.value?.input;
  const values = [...view.mask.data];
  return (
    <>
      <p class="tick">{readsNote(view)}</p>
      <DataTable
        frame={{}}
        class="rows-table"
        rows={values}
        columns={[
          { head: words.feature, cell: (_, i) => featureName(model, i) },
          {
            head: words.mask,
            cell: (value, i) => (
              <span class="pair">
                <HeatMap
                  plane={{ width: 1, height: 1, values: Float32Array.of(value) }}
                  scale={maskScale}
                  size={12}
                  name={`mask[${i}]`}
                />
                {value > 0.5 ? text.keyReads : text.keyMoves}
              </span>
            ),
          },
          { head: words.example, num: (_, i) => fixed(input?.data[i], 3) },
        ]}
      />
    </>
  );
}
