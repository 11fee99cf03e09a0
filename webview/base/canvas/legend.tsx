import type { ColourScale } from './colour-maps';
import { theme } from './theme';
import { tickText } from '../format/numbers';

export interface LegendProps {
  scale(light: boolean): ColourScale;
  unit?: string;
  width?: number;
}

/** Colour bar with its numbers; the unit is part of it. */
export function Legend({ scale, unit, width }: LegendProps) {
  const colours = scale(theme.value.light);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const [r, g, b] = colours.at(colours.low + ((colours.high - colours.low) * i) / 16);
    return `rgb(${r},${g},${b})`;
  });
  // Zero is in the middle of signed colours alone.
  const ends =
    colours.low < 0 && colours.low === -colours.high
      ? [colours.low, 0, colours.high]
      : [colours.low, colours.high];
  return (
    <div class="legend" style={width === undefined ? undefined : { width: `${width}px` }}>
      <i style={{ background: `linear-gradient(90deg,${stops.join(',')})` }} />
      <span class="tick">
        {ends.map((value, i) => (
          <b key={i}>
            {value === 0
              ? '0'
              : Math.abs(value) < 1e5 && Math.abs(value) >= 0.01
                ? tickText(Number(value.toFixed(Math.abs(value) < 0.1 ? 3 : 2)))
                : tickText(value)}
            {unit && i === ends.length - 1 ? ` ${unit}` : ''}
          </b>
        ))}
      </span>
    </div>
  );
}
