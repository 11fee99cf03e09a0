/** Color maps: 17 stops each, interpolated linearly in sRGB; and the legend of one. */
import { theme, type Rgb } from './theme';
import { tickText } from '../format/numbers';

function stops(text: string): Rgb[] {
  return text
    .split(' ')
    .map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb);
}

/** Magnitudes ≥ 0, low to high, the same in every theme (viridis). */
const magnitudes = stops(
  '440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725',
);

/**
 * Signed values, violet (−) to orange (+); zero takes the background's lightness. Lightness is equal at −v and +v, so a
 * gray print keeps the magnitude; hues 300 and 65 in OKLCH, told apart with any color vision.
 */
const divergingDark = stops(
  'd1b9ff c09bff a989e1 9378c2 7d67a4 685786 534769 3f394c 2b2b2b 49392a 63482d 7e5831 9a6835 b5793a d28b3f ee9d45 ffb66c',
);
const divergingLight = stops(
  '6d26b8 7d45c5 8d5fd0 9e78db af90e5 c1a8ee d2c1f5 e4dafa f5f5f5 f0dcd0 e5c4b0 d8ac93 ca9676 bc7f5a ad693e 9e531e 894100',
);

function lookUp(map: readonly Rgb[], fraction: number): Rgb {
  const position = Math.min(1, Math.max(0, fraction)) * (map.length - 1);
  const index = Math.min(map.length - 2, Math.floor(position));
  const rest = position - index;
  const low = map[index]!;
  const high = map[index + 1]!;
  const between = (k: 0 | 1 | 2): number => Math.round(low[k] + (high[k] - low[k]) * rest);
  return [between(0), between(1), between(2)];
}

/** Maps values to colors and knows its ends, which its legend shows. */
export interface ColorScale {
  low: number;
  high: number;
  at(value: number): Rgb;
}

/** Symmetric about zero, from −size to size. */
export function signedScale(size: number, light: boolean): ColorScale {
  const map = light ? divergingLight : divergingDark;
  return { low: -size, high: size, at: (value) => lookUp(map, (value / size + 1) / 2) };
}

export function magnitudeScale(high: number): ColorScale {
  return { low: 0, high, at: (value) => lookUp(magnitudes, value / (high || 1)) };
}

/** A picture of the data is a picture: gray, 0 black to `high` white. */
export function grayScale(high: number): ColorScale {
  return {
    low: 0,
    high,
    at: (value) => {
      const level = Math.round((255 * Math.min(high, Math.max(0, value))) / high);
      return [level, level, level];
    },
  };
}

/** Masks: what moves is light, what is read is dark, in every theme. */
export const maskColors: { moves: Rgb; reads: Rgb } = { moves: [190, 190, 190], reads: [68, 68, 68] };

/** Cells that hold NaN or Inf. */
export function badColor(light: boolean): Rgb {
  return light ? [190, 17, 0] : [110, 27, 27];
}

interface LegendProps {
  scale(light: boolean): ColorScale;
  unit?: string;
  width?: number;
}

/** Average width of a letter, in pixels. */
const letter = 6.3;

/** Beside one another, with a space between. */
const fits = (texts: readonly string[], width: number): boolean => texts.join('  ').length * letter <= width;

function endText(value: number): string {
  const size = Math.abs(value);
  return size >= 0.01 && size < 1e5 ? tickText(Number(value.toFixed(size < 0.1 ? 3 : 2))) : tickText(value);
}

/** Color bar with its numbers; the unit is part of it. */
export function Legend({ scale, unit, width }: LegendProps) {
  const colors = scale(theme.value.light);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const [r, g, b] = colors.at(colors.low + ((colors.high - colors.low) * i) / 16);
    return `rgb(${r},${g},${b})`;
  });
  // Zero is in the middle of signed colors alone.
  const symmetric = colors.low < 0 && colors.low === -colors.high;
  const [low, high] = [endText(colors.low), endText(colors.high)];
  const middle = symmetric ? ['0'] : [];
  const withUnit = unit ? `${high} ${unit}` : high;
  const texts = [
    [low, ...middle, withUnit],
    [low, withUnit],
    [low, ...middle, high],
  ].find((shown) => width === undefined || fits(shown, width)) ?? [low, high];
  return (
    <div class="legend" style={width === undefined ? undefined : { width: `${width}px` }}>
      <i style={{ background: `linear-gradient(90deg,${stops.join(',')})` }} />
      <span class="tick">
        {texts.map((value, i) => (
          <b key={i}>{value}</b>
        ))}
      </span>
    </div>
  );
}
