/** What comes of changed latents: x, its difference to x of the latents as they were, and what it costs. */
import type { EditedView } from '../../../src/protocol/latents';
import { LinkButton } from '../../base/controls/toolkit';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest, planesOf, type Plane, pixelRange } from '../../base/canvas/planes';
import { fixed, nextRound, signed } from '../../base/format/numbers';
import { useFeature, AnswerView } from '../../base/store/use-store';
import { featureName } from '../../base/layers/layer-names';
import { DataTable } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { text } from './text';
import { HeatMap, Picture } from '../../base/canvas/canvas';
import { latentsState } from './state';

const side = 84;

export function EditedResult({ model }: { model: ModelSummary }) {
  const { original, edited, edits, shown } = useFeature(latentsState);
  const answer = edited.answer.value;
  const changed = edits.value.size > 0;
  return (
    <AnswerView
      question={original}
      failedTitle={text.noWayBack}
      skeleton={<div class="skeleton" style={{ height: `${side + 60}px` }} />}
    >
      {(before) => {
        if (changed && answer.status === 'failed')
          return (
            <AnswerView question={edited} failedTitle={text.noWayBack}>
              {() => null}
            </AnswerView>
          );
        // What was decoded last stands for the moment that the next one takes; after that it is dimmed.
        const slow = changed && answer.status === 'loading' && answer.slow;
        const after = changed ? (shown.value ?? before) : before;
        return (
          <div class="edited-result" aria-busy={slow}>
            <div class={slow ? 'dimmed' : undefined}>
              {model.kind === 'image' ? (
                <Pictures model={model} before={before} after={after} />
              ) : (
                <Coordinates model={model} before={before} after={after} />
              )}
              <Cost before={before} after={after} />
            </div>
            <p class="wait-line tick">
              {slow ? (
                <>
                  {words.loading} <LinkButton onClick={() => edited.cancel()}>{words.cancel}</LinkButton>
                </>
              ) : null}
            </p>
          </div>
        );
      }}
    </AnswerView>
  );
}

interface ResultProps {
  model: ModelSummary;
  before: EditedView;
  after: EditedView;
}

function Pictures({ model, before, after }: ResultProps) {
  const levels = model.levels ?? 256;
  const difference = differenceOf(before, after);
  const channels = before.values.shape[2] ?? 1;
  // The range stays while a slider moves a little.
  const limit = Math.min(levels, nextRound(largest(difference.values)));
  const scale = (light: boolean) => signedScale(limit, light);
  return (
    <div class="edited-pictures flex-wrap">
      {[
        { title: text.before, picture: before.values, name: 'before' },
        { title: text.now, picture: after.values, name: 'edited' },
      ].map(({ title, picture, name }) => (
        <div key={name}>
          <p class="tick">{title}</p>
          <Picture {...{ picture, name }} range={pixelRange(model)} size={side} label={title} />
        </div>
      ))}
      <div>
        <p class="tick">{channels > 1 ? text.meanDifferenceHead : text.differenceHead}</p>
        <HeatMap
          plane={difference}
          scale={scale}
          size={side}
          name="difference"
          label={channels > 1 ? text.meanDifference : text.difference}
        />
        <Legend scale={scale} width={side} />
      </div>
    </div>
  );
}

/** Difference at each pixel, as the mean over its channels. */
function differenceOf(before: EditedView, after: EditedView): Plane {
  const of = (view: EditedView): Plane[] => planesOf(view.values);
  const [first, second] = [of(before), of(after)];
  const { width, height } = first[0]!;
  const values = new Float32Array(width * height);
  first.forEach((plane, c) => {
    for (let i = 0; i < values.length; i++)
      values[i]! += (second[c]!.values[i]! - plane.values[i]!) / first.length;
  });
  return { width, height, values };
}

function Coordinates({ model, before, after }: ResultProps) {
  const features = Math.min(before.values.data.length, 64);
  return (
    <DataTable
      class="rows-table edited-table"
      label={text.xOfLatents}
      rows={Array.from({ length: features }, (_, f) => ({
        was: before.values.data[f]!,
        is: after.values.data[f]!,
      }))}
      columns={[
        { head: 'x', cell: (_, f) => featureName(model, f) },
        { head: text.before, num: ({ was }) => fixed(was, 3) },
        {
          head: text.now,
          td: ({ is }, f) => ({ class: Number.isFinite(is) ? '' : 'bad', 'data-x': f }),
          num: ({ is }) => fixed(is, 3),
        },
        !isPlane(model) && { head: text.difference, num: ({ was, is }) => signed(is - was, 3) },
      ]}
    />
  );
}

function Cost({ before, after }: Omit<ResultProps, 'model'>) {
  if (after.nats === undefined) return <p class="tick">{text.noLikelihood}</p>;
  const bits = after.bitsPerDim;
  const change =
    bits === undefined ? -(after.nats - (before.nats ?? NaN)) : bits - (before.bitsPerDim ?? NaN);
  const finite = Number.isFinite(after.nats);
  return (
    <p class={`cost flex-wrap ${finite ? '' : 'bad'}`}>
      <span>
        log p(x) <b data-log-p>{fixed(-after.nats, 2)}</b> <span class="tick">{words.nats}</span>
      </span>
      {bits === undefined ? null : (
        <span>
          <b data-bits>{fixed(bits, 3)}</b> <span class="tick">{words.bitsPerDim}</span>
        </span>
      )}
      <span class="tick">{text.changeOf(signed(change, bits === undefined ? 2 : 3))}</span>
    </p>
  );
}
