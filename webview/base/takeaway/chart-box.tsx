import type { ComponentChildren } from 'preact';
import { Heading } from '../controls/heading';
import { TakeAway, type TakeAwayProps } from './take-away';

export type ChartBoxProps = {
  title: string;
  /** Its class among the charts of a view. */
  name?: string;
  note: ComponentChildren;
  children: ComponentChildren;
  // Without numbers, those of the whole view have its own.
} & (Omit<TakeAwayProps, 'frame' | 'content'> | { numbers?: undefined });

/** A chart below its title, with what can be taken along of it. */
export function ChartBox({ name = '', note, children, ...taken }: ChartBoxProps) {
  return (
    <div class={`chart flex-column ${name}`}>
      <Heading title={taken.title} note={note} />
      {taken.numbers ? <TakeAway {...taken} frame=".chart" /> : null}
      {children}
    </div>
  );
}
