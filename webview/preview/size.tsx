/** The size that images are scaled to. */
import type { ImageSize } from './page-state';
import { text } from './text';

const sizes = [8, 16, 32, 64, 128];

export function Size({
  size: { chosen, usual },
  scale,
}: {
  size: ImageSize;
  scale(size: number | undefined): void;
}) {
  return (
    <section aria-labelledby="size-title">
      <h2 id="size-title">{text.sizeTitle}</h2>
      <label class="sizes flex-center">
        <select
          value={chosen ?? ''}
          aria-labelledby="size-title"
          onChange={({ currentTarget: { value } }) => scale(value === '' ? undefined : Number(value))}
        >
          <option value="">{usual === null ? text.asInFiles : text.square(usual)}</option>
          {sizes
            .filter((size) => size !== usual)
            .map((size) => (
              <option key={size} value={size}>
                {text.square(size)}
              </option>
            ))}
        </select>
        {chosen === undefined && usual === null ? null : <span class="tick">{text.middle}</span>}
      </label>
    </section>
  );
}
