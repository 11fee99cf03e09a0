/** The training examples nearest to one: whether the flow copies what it was trained on. */
import type { NearestExamples } from '../../../src/protocol/nearest';
import type { ModelSummary } from '../../../src/protocol/model';
import type { RegionFeature, Store } from '../../base/store/store';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { LinkButton } from '../../base/controls/toolkit';
import { Choice } from '../../base/controls/segmented';
import { pixelRange } from '../../base/canvas/planes';
import { fixed } from '../../base/format/numbers';
import { useStore, useFeature, AnswerView, Message } from '../../base/store/use-store';
import { words } from '../../base/words';
import { Picture } from '../../base/canvas/canvas';
import { ExampleList } from '../../base/examples/example-list';
import { SubjectControls } from '../../base/examples/sources';
import { TilesSkeleton } from '../../base/examples/tiles';
import { subjectState } from '../../base/examples/subject-state';
import { text } from './text';
import { nearestState } from './state';
import './style.css';

function nearestNumbers(store: Store): ViewData {
  const found = store.state(nearestState).shown.value;
  if (!found) return {};
  const { indices, distances, values, nats, bitsPerDim } = found;
  return {
    columns: [
      { name: 'train', values: Array.from(indices) },
      { name: 'distance', values: distances },
      { name: 'nll', unit: 'nats', values: nats },
      ...(bitsPerDim ? [{ name: 'bits_per_dim', values: bitsPerDim }] : []),
      ...valuesOf(values, 1),
    ],
    arrays: { examples: values, distances: vector(distances) },
  };
}

export const nearest: RegionFeature = {
  id: 'nearest',
  region: 'gallery',
  asks: 'nearest',
  title: () => text.nearest,
  state: nearestState,
  View: Nearest,
  numbers: nearestNumbers,
};

function Nearest({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { space, question, shown } = store.state(nearestState);
  if (store.isSaved) return <Message title={words.notRecordedTitle} why={words.notRecorded} />;
  if (!model.splits.some(({ name }) => name === 'train'))
    return <Message title={text.noTrainData} why={model.splitsReason ?? text.noTrainDataWhy} />;
  const found = shown.value;
  return (
    <>
      <SubjectControls model={model} />
      <div class="ctl">
        <span>{text.distanceIn}</span>
        <Choice
          label={text.distanceIn}
          of={space}
          options={{ data: model.kind === 'image' ? text.pixels : text.coordinates, latent: text.inLatents }}
        />
      </div>
      {!store.state(subjectState).example.value ? (
        <Message title={words.noSubject} why={words.noSubjectWhy} />
      ) : found ? (
        <Found model={model} found={found} />
      ) : (
        <AnswerView
          question={question}
          failedTitle={text.noNearest}
          skeleton={model.kind === 'image' ? <TilesSkeleton count={8} columns={4} /> : undefined}
        >
          {(value) => <Found model={model} found={value} />}
        </AnswerView>
      )}
    </>
  );
}

function Found({ model, found }: { model: ModelSummary; found: NearestExamples }) {
  const store = useStore();
  const { space } = store.state(nearestState);
  const indices = [...found.indices];
  const now = store.example.value;
  const isNow = (index: number): boolean =>
    now?.kind === 'data' && now.split === 'train' && now.index === index;
  const decimals = model.kind === 'image' ? 2 : 4;
  const distance = (i: number): string => fixed(found.distances[i], decimals);
  const cost = (i: number): string => fixed(found.bitsPerDim?.[i] ?? found.nats[i], 2);
  const unit = found.bitsPerDim ? words.bitsPerDim : words.nats;
  return (
    <>
      <div class="verdict">
        {model.kind === 'image' ? (
          <Picture
            picture={found.example}
            range={pixelRange(model)}
            size={64}
            name="nearest-to"
            label={words.theExample}
          />
        ) : null}
        <p data-verdict>{verdict(found, decimals)}</p>
      </div>
      <p class="tick">
        {
          text.distanceNote[
            space.value === 'latent' ? 'latent' : model.kind === 'image' ? 'pixels' : 'vector'
          ]
        }
        {model.kind === 'image' ? ` ${text.belowEach(unit)}` : ''}
      </p>
      <ExampleList
        {...{ model, values: found.values }}
        label={text.nearest}
        canvas="nearest"
        columns={4}
        class="nearest-tiles"
        lead={[
          { head: text.distance, num: distance },
          { head: unit, num: cost },
        ]}
        examples={indices.map((index, i) => ({
          name: String(index),
          longName: text.nearestItem(index, distance(i), `${cost(i)} ${unit}`),
          caption: distance(i),
          note: cost(i),
          pressed: isNow(index),
        }))}
        onPick={(i) => store.selectExample({ kind: 'data', split: 'train', index: indices[i]! })}
      />
      <Looked found={found} />
    </>
  );
}

/** Beside how far examples held out are from their nearest: what the flow has not seen cannot be a copy. */
function verdict({ distances, indices, usual }: NearestExamples, decimals: number): string {
  const nearest = distances[0];
  if (nearest === undefined) return text.noneToLookAt;
  if (nearest === 0) return text.sameAs(indices[0]!);
  if (usual.length === 0) return text.nearestAt(fixed(nearest, decimals));
  const nearer = usual.filter((value) => value < nearest).length;
  const range = { low: fixed(usual[0], decimals), high: fixed(usual.at(-1), decimals) };
  if (nearer === 0) return text.nearerThanAll(fixed(nearest, decimals), usual.length, range);
  if (nearer === usual.length) return text.fartherThanAll(fixed(nearest, decimals), usual.length, range);
  return text.asUsual(fixed(nearest, decimals), nearer, usual.length, range);
}

/** How many were looked at, and the way to stop or go on. */
function Looked({ found }: { found: NearestExamples }) {
  const { question, goesOn, stop, goOn } = useFeature(nearestState);
  const { looked, limit, total } = found;
  const answer = question.answer.value;
  return (
    <p class="tick" data-looked={looked}>
      {looked === total ? text.lookedAll(total) : text.lookedFirst(looked, total)}{' '}
      {answer.status === 'failed' && answer.reason !== 'cancelled' ? (
        <span class="bad">{answer.message} </span>
      ) : null}
      {looked >= limit ? null : goesOn.value && answer.status !== 'failed' ? (
        <>
          {text.lookingOn} <LinkButton onClick={stop}>{words.cancel}</LinkButton>
        </>
      ) : (
        <LinkButton onClick={goOn}>{text.lookFurther}</LinkButton>
      )}
    </p>
  );
}
