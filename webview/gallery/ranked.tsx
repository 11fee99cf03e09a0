/** Examples by how likely the model finds them, and those of the user's own data. */
import type { PickedExamples } from '../../src/protocol/population';
import type { ModelSummary } from '../../src/protocol/model';
import { Button } from '../controls/toolkit';
import { item } from '../draw/planes';
import { fixed } from '../format/numbers';
import { memberRef, type Population } from '../state/population-state';
import { useStore } from '../state/use-store';
import { text } from '../strings';
import { Asked, Message } from '../views/state-box';
import { Rows } from './rows';
import { Tiles, TilesSkeleton } from './tiles';

export function Ranked({ model }: { model: ModelSummary }) {
  const { population } = useStore();
  const listed = population.listed.value;
  if (!listed) return null;
  if (listed.status === 'scoring') return <Scoring population={listed} />;
  if (listed.status === 'failed')
    return (
      <Message title={text.notScored(listed.name)} why={listed.message} bad>
        <Button primary onClick={() => population.retry()}>
          {text.retry}
        </Button>
      </Message>
    );
  if (listed.indices.length === 0)
    return (
      <Message
        title={listed.status === 'cancelled' ? text.cancelled : text.noneScored}
        why={listed.status === 'cancelled' ? text.cancelledWhy : listed.reason}
      >
        <Button onClick={() => population.retry()}>{text.retry}</Button>
      </Message>
    );
  return (
    <>
      <Asked
        question={population.pictures}
        skeleton={model.kind === 'image' ? <TilesSkeleton count={24} columns={4} /> : undefined}
      >
        {(pictures) => <Page model={model} population={listed} pictures={pictures} />}
      </Asked>
      <Covered population={listed} />
    </>
  );
}

/** How far the scoring is, in numbers that the engine said, and the way to end it. */
export function Scoring({ population: { done, planned } }: { population: Population }) {
  const store = useStore();
  return (
    <div class="wait-note" role="status" data-scoring>
      <progress
        max={planned || 1}
        value={planned ? done : undefined}
        aria-label={text.scoring(done, planned)}
      />
      <span class="tick">{text.scoring(done, planned)}</span>
      <button type="button" class="linklike" onClick={() => store.population.cancel()}>
        {text.cancel}
      </button>
    </div>
  );
}

/** Which part of the source the order is about. */
function Covered({ population }: { population: Population }) {
  const store = useStore();
  const { source, scores, total, unreadable, reason, status } = population;
  const covered = source.kind === 'file' ? text.scoredSpread : text.scoredOf;
  return (
    <>
      <p class="tick" data-covered>
        {covered(scores.length, total)}
        {status === 'cancelled' ? (
          <>
            {' '}
            <button type="button" class="linklike" onClick={() => store.population.retry()}>
              {text.retry}
            </button>
          </>
        ) : null}
      </p>
      {unreadable > 0 ? <p class="bad tick">{text.unreadable(unreadable, reason ?? '')}</p> : null}
    </>
  );
}

function Page({
  model,
  population,
  pictures,
}: {
  model: ModelSummary;
  population: Population;
  pictures: PickedExamples;
}) {
  const store = useStore();
  const { source, name, indices, scores } = population;
  const places = store.population.shown.value.slice(0, pictures.values.shape[0]);
  const now = JSON.stringify(store.example.value);
  const isNow = (place: number): boolean => JSON.stringify(memberRef(source, indices[place]!)) === now;
  const cost = (place: number): string => fixed(scores[place], 2);
  const unit = model.levels === undefined ? text.nats : text.bitsPerDim;
  const offset = store.population.offset.value;
  const longName = (place: number, i: number): string =>
    text.rankedItem(name, indices[place]!, `${cost(place)} ${unit}`, offset + i + 1, scores.length);
  const choose = (place: number): void => store.selectExample(memberRef(source, indices[place]!));
  if (model.kind === 'image')
    return (
      <>
        <Tiles
          label={text.examples}
          name="example"
          levels={model.levels ?? 256}
          tiles={places.map((place, i) => ({
            key: indices[place]!,
            label: longName(place, i),
            caption: cost(place),
            picture: item(pictures.values, i),
            pressed: isNow(place),
            disabled: false,
          }))}
          onPick={(i) => choose(places[i]!)}
        />
        <p class="tick">{unit}</p>
      </>
    );
  return (
    <Rows
      model={model}
      label={text.examples}
      values={pictures.values}
      count={places.length}
      name={(row) => String(indices[places[row]!])}
      longName={(row) => longName(places[row]!, row)}
      lead={[{ head: unit, cell: (row) => cost(places[row]!) }]}
      selected={(row) => isNow(places[row]!)}
      onPick={(row) => choose(places[row]!)}
    />
  );
}
