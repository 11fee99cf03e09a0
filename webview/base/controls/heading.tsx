import type { ComponentChildren } from 'preact';

/** The heading of a part of a view, with what has to be known to read it. */
export function Heading({ title, note }: { title: string; note?: ComponentChildren }) {
  return (
    <h3>
      <b>{title}</b>
      <span class="tick">{note}</span>
    </h3>
  );
}
