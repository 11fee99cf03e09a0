/** About `tickCount` round ticks within [low, high]. */
export function ticks(low: number, high: number, tickCount: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, tickCount);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((s) => s * power >= rough) ?? 10) * power;
  const result: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    result.push(Number((i * step).toPrecision(12)));
  return result;
}
