/** The contact sheet: pixels as they are, enlarged by whole numbers; shrunk only where the pane is narrower. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DataPreview } from '../../src/protocol/data';
import { text } from './text';

/** CSS pixels of one picture. */
const comfortableTile = 96;
/** Width of the sheet, before the pane has been measured. */
const usualWidth = 640;

function sheetScale({ width, columns }: { width: number; columns: number }, available: number): number {
  const whole = Math.floor(Math.min(available / width, comfortableTile / (width / columns)));
  return whole >= 1 ? whole : Math.min(1, available / width);
}

export function Sheet({ sheet }: { sheet: NonNullable<DataPreview['sheet']> }) {
  const { png, width, height, columns, examples } = sheet;
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([png.slice()], { type: 'image/png' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [png]);
  const box = useRef<HTMLElement>(null);
  const [available, setAvailable] = useState(usualWidth);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0) setAvailable(entry.contentRect.width);
    });
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const times = sheetScale(sheet, available);
  return (
    <section aria-label={text.sheet} ref={box}>
      <h2>{text.sheet}</h2>
      <img
        class={`sheet ${times < 1 ? 'shrunk' : ''}`}
        src={url}
        width={Math.floor(width * times)}
        height={Math.floor(height * times)}
        alt={text.sheetAlt(examples, columns)}
      />
      <p class="tick">{text.sheetAlt(examples, columns)}</p>
    </section>
  );
}
