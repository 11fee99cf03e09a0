/** Examples by how likely the model finds them, and examples of the user's own data. */
import { useRef } from 'preact/hooks';
import type { PickedExamples } from '../../../src/protocol/population';
import type { ModelSummary } from '../../../src/protocol/model';
import { Button, LinkButton } from '../../base/controls/toolkit';
import { fixed } from '../../base/format/numbers';
import { memberRef, type Population, populationState } from '../../base/store/population-state';
import { useStore, useFeature, AnswerView, Message } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { ExampleList, type ExampleListProps } from '../../base/examples/example-list';
import { Scoring } from '../../base/examples/scoring';
import { TilesSkeleton } from '../../base/examples/tiles';
import { examplesState } from './state';

/** Pictures, and which members of which population they are of. */
interface Listed {
  pictures: PickedExamples;
  population: Population;
  /** Places in the population. */
  places: readonly number[];
  /** Place of the first in the order. */
  offset: number;
}

export function Ranked({ model }: { model: ModelSummary }) {
  const population = useFeature(populationState);
  const examples = useFeature(examplesState);
  const listed = examples.listed.value;
  const last = useRef<Listed | undefined>(undefined);
  // Pictures that stay until the next ones come keep their own numbers.
  const listedOf = (pictures: PickedExamples, now: Population): Listed => {
    if (last.current?.pictures !== pictures)
      last.current = {
        pictures,
        population: now,
        places: examples.shown.value.slice(0, pictures.values.shape[0]),
        offset: examples.offset.value,
      };
    return last.current;
  };
  if (!listed) return null;
  if (listed.status === 'scoring') return <Scoring population={listed} />;
  if (listed.status === 'failed')
    return (
      <Message title={words.notScored(listed.name)} why={listed.message} bad>
        <Button primary onClick={() => population.retry()}>
          {words.retry}
        </Button>
      </Message>
    );
  if (listed.indices.length === 0)
    return (
      <Message
        title={listed.status === 'cancelled' ? words.cancelled : text.noneScored}
        why={listed.status === 'cancelled' ? words.cancelledWhy : listed.reason}
      >
        <Button onClick={() => population.retry()}>{words.retry}</Button>
      </Message>
    );
  return (
    <>
      <AnswerView
        question={examples.pictures}
        skeleton={model.kind === 'image' ? <TilesSkeleton count={24} columns={4} /> : undefined}
      >
        {(pictures) => <Page model={model} {...listedOf(pictures, listed)} />}
      </AnswerView>
      <Covered population={listed} />
    </>
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
            <LinkButton onClick={() => store.state(populationState).retry()}>{words.retry}</LinkButton>
          </>
        ) : null}
      </p>
      {unreadable > 0 ? <p class="bad tick">{text.unreadable(unreadable, reason ?? '')}</p> : null}
    </>
  );
}

function Page({ model, population, pictures, places, offset }: { model: ModelSummary } & Listed) {
  const store = useStore();
  const { source, name, indices, scores } = population;
  const now = JSON.stringify(store.example.value);
  const isNow = (place: number): boolean => JSON.stringify(memberRef(source, indices[place]!)) === now;
  const cost = (place: number): string => fixed(scores[place], 2);
  const unit = model.levels === undefined ? words.nats : words.bitsPerDim;
  const longName = (place: number, i: number): string =>
    text.rankedItem(name, indices[place]!, `${cost(place)} ${unit}`, offset + i + 1, scores.length);
  return (
    <CostList
      model={model}
      values={pictures.values}
      unit={unit}
      examples={places.map((place, i) => ({
        index: indices[place]!,
        cost: cost(place),
        longName: longName(place, i),
        pressed: isNow(place),
      }))}
      onPick={(index) => store.selectExample(memberRef(source, index))}
    />
  );
}

interface CostListProps extends Pick<ExampleListProps, 'model' | 'values'> {
  unit: string;
  examples: readonly {
    /** Its number in the data that it comes from. */
    index: number;
    /** What it costs, as it is written. */
    cost: string;
    longName: string;
    pressed: boolean;
    disabled?: boolean;
  }[];
  onPick(index: number): void;
}

/** Examples with what each costs. */
export function CostList({ model, values, unit, examples, onPick }: CostListProps) {
  return (
    <>
      <ExampleList
        {...{ model, values }}
        label={words.examples}
        canvas="example"
        lead={[{ head: unit, num: (row) => examples[row]!.cost }]}
        examples={examples.map((one) => ({ ...one, name: String(one.index), caption: one.cost }))}
        onPick={(i) => onPick(examples[i]!.index)}
      />
      {model.kind === 'image' ? <p class="tick">{unit}</p> : null}
    </>
  );
}
