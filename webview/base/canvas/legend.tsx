import type { ColourScale } from './colour-maps';
import { theme } from './theme';
import { tickText } from '../format/numbers';

export interface LegendProps {
  scale(light: boolean): ColourScale;
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
  const colours = scale(theme.value.light);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const [r, g, b] = colours.at(colours.low + ((colours.high - colours.low) * i) / 16);
    return `rgb(${r},${g},${b})`;
  });
  // Zero is in the middle of signed colors alone.
  const symmetric = colours.low < 0 && colours.low === -colours.high;
  const [low, high] = [endText(colours.low), endText(colours.high)];
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
