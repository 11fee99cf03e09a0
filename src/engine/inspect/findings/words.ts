/** How numbers and layers are written in sentences. */
import { powerOfTen } from '../../../base/digits';
export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? value.toPrecision(1) : value.toFixed(0)}%`;
}

/** Few digits; powers of ten where there are many zeros, as on the page: 8.4·10⁻⁸. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const text =
    size === 0
      ? '0'
      : size >= 1e5 || size < 1e-3
        ? size.toExponential(1).replace(/e([+-]\d+)/, (_, exponent) => `·${powerOfTen(Number(exponent))}`)
        : String(Number(size.toPrecision(3)));
  return value < 0 ? `−${text}` : text;
}
