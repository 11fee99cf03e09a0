/** The contact sheet: pixels as they are, enlarged by whole numbers. */
import { useEffect, useState } from 'preact/hooks';
import type { DataPreview } from '../../src/protocol/data';
import { text } from './strings';

/** CSS pixels: of the whole sheet, and of one picture. */
const comfortableWidth = 640;
const comfortableTile = 96;

export function Sheet({ sheet }: { sheet: NonNullable<DataPreview['sheet']> }) {
  const { png, width, height, columns, examples } = sheet;
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([png.slice()], { type: 'image/png' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [png]);
  const times = Math.max(
    1,
    Math.floor(Math.min(comfortableWidth / width, comfortableTile / (width / columns))),
  );
  return (
    <section aria-label={text.sheet}>
      <h2>{text.sheet}</h2>
      <img
        class="sheet"
        src={url}
        width={width * times}
        height={height * times}
        alt={text.sheetAlt(examples, columns)}
      />
      <p class="tick">{text.sheetAlt(examples, columns)}</p>
    </section>
  );
}
